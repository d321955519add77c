"""The houses of tests/api, and twins of them."""

import itertools
from contextlib import ExitStack

import pytest

from tests.api.conftest import NOW, House, heavy, house, kit, light, opened, shared
from tests.leaks.twins import Twins

__all__ = ["heavy", "house", "kit", "light", "opened", "shared"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def readers(request, tmp_path_factory, copied):
    """Worlds on each kind of database, made as they are needed."""
    folder, numbers = tmp_path_factory.mktemp("twins"), itertools.count()

    with ExitStack() as held:

        def new():
            place = folder / str(next(numbers))
            place.mkdir()
            return House(held.enter_context(copied(request.param, place, NOW)), place)

        made = Twins(new, request.param)
        yield made
        made.close()
