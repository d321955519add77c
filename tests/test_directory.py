"""The directory's file: what is said of staff, and what is refused."""

import pytest

from hub.directory import read
from hub.fhir.identifiers import PERSONNUMMER, Identifier

FILE = """
[[provider]]
hsa_id = "se1"
name = "Region"
[[unit]]
hsa_id = "se1-u1"
name = "Enhet"
provider = "SE1"
[[staff]]
hsa_id = "se1-e1"
given = "Tolvan"
family = "Tolvansson"
units = ["SE1-U1"]
"""


@pytest.fixture
def written(tmp_path):
    def write(more=""):
        (tmp_path / "directory.toml").write_text(FILE + more, "utf-8")
        return tmp_path / "directory.toml"

    return write


def test_a_personal_number_of_staff_is_kept_where_it_is_told(written):
    assert read(written()).staff["SE1-E1"].person is None
    assert read(written('person = "191212121212"')).staff["SE1-E1"].person == Identifier(PERSONNUMMER, "191212121212")


@pytest.mark.parametrize("number", ['"191212121213"', '"1212121212"', "191212121212", '""'])
def test_what_is_no_personal_number_is_refused_without_being_told(written, number):
    with pytest.raises(ValueError, match=r"directory\.toml: a person of") as refused:
        read(written(f"person = {number}"))
    assert "1212" not in str(refused.value)
