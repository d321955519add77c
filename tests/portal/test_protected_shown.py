"""What the portal shows of a person with protected identity names who wrote, and no unit where the person has been."""

from typing import Any

import pytest

from hub.demo.world import organisations as o
from hub.demo.world.stories.sara import CAMILLA, SARA, ULRIKA

pytestmark = pytest.mark.anyio


async def test_the_overview_of_a_protected_person_tells_who_wrote_and_not_where(house: Any) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    html = (await browser.all_steps(SARA)).text
    assert house.world.staff[CAMILLA].name in html
    units = [house.world.units[each] for each in (o.WOMEN, o.SUPPORT)]
    assert [each for unit in units for each in (unit.name, unit.hsa_id) if each in html] == []
    assert [each for each in (CAMILLA, ULRIKA) if each in html] == []
