"""`hub consent decide FILE` decides each case of a file by the one function."""

import json
import re

import pytest
from typer.testing import CliRunner, Result

from hub.cli import main

BASE = {
    "kind": "clinician",
    "role": "physician",
    "loa": 3,
    "purpose": "care",
    "scope": "SJF",
    "patientNamed": True,
    "location": "OTHER_PROVIDER",
    "relation": "current",
    "relevance": True,
    "consent": "none",
    "assertion": "none",
    "step": 0,
    "block": "none",
    "blockExcludes": [],
    "blockPeriod": "none",
    "revoke": "none",
    "dataType": "general",
    "dataPurpose": "care",
    "insuranceInvestigation": False,
    "nullified": False,
    "releasedToPatient": True,
    "secretFromPatient": False,
    "patientAge": 50,
    "patientDeceased": False,
    "orgKnown": True,
    "servicesUp": True,
    "request": "care",
    "officer": False,
    "underIncapacityRule": False,
    "sharedWith": "none",
    "ownSource": False,
}


def decided(file: object) -> Result:
    return CliRunner().invoke(main, ["consent", "decide", str(file)])


def test_each_case_is_decided_on_a_line_of_its_own(tmp_path):
    file = tmp_path / "cases.json"
    cases = [
        {"id": "with", "given": {"consent": "unit"}},
        {"id": "without", "given": {}},
        {"id": "nobody", "given": {"kind": "anonymous"}},
        {"id": "own", "given": {"location": "SAME_UNIT"}},
    ]
    file.write_text(json.dumps({"base": BASE, "cases": cases}), "utf-8")
    done = decided(file)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == ["with PERMIT R47", "without EXISTS R48", "nobody REFUSE R01", "own PERMIT R20"]


@pytest.mark.parametrize(
    "content",
    [None, b"", b"{", b"\xff\xfe\x00", b"[]", b"{}", b'{"base": {}, "cases": [{"id": "a", "given": {"kind": "wizard"}}]}'],
)
def test_a_file_that_holds_no_cases_is_one_line(tmp_path, content):
    file = tmp_path / "cases.json"
    if content is not None:
        file.write_bytes(content)
    done = decided(file)
    assert done.exit_code == 1
    assert re.fullmatch(r"hub: \S*cases\.json: [^\n]+\n", done.stderr), done.stderr
    assert isinstance(done.exception, SystemExit)


@pytest.mark.reference
def test_the_worked_cases_are_decided_as_worked(reference):
    file = reference / "consent-cases.json"
    cases = json.loads(file.read_text("utf-8"))["cases"]
    done = decided(file)
    assert len(cases) == 92
    assert done.stdout.splitlines() == [f"{each['id']} {each['expect']} {each['rule']}" for each in cases]
