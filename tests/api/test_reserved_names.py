"""No configured source bears a name under which the hub keeps what others wrote: its client would see all of it."""

import pytest

from hub import config
from hub.catalogue import SOURCE
from hub.fhir.custody import HUB, OWN


@pytest.mark.parametrize("name", [OWN, HUB, SOURCE])
def test_a_source_with_a_name_of_the_hubs_own_is_refused(tmp_path, name):
    row = 'title = "T"\nkind = "mllp"\nowner = "SE1"\nsystem = "SE2"\n'
    path = tmp_path / "hub.toml"
    path.write_text(f'[[source]]\nname = "other"\n{row}')
    assert config.read(path, {}).sources[0].name == "other"
    path.write_text(f'[[source]]\nname = "{name}"\n{row}')
    with pytest.raises(ValueError, match="hub's own names"):
        config.read(path, {})
