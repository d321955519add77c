"""Verified claims become the right kind of caller, and whatever is in doubt is refused."""

from typing import Any

import pytest

from hub.caller import SmartScope
from hub.directory import Directory, Provider, Staff, Unit
from hub.errors import Forbidden, HubError
from hub.smart import caller_of
from hub.tokens import TokenError

PROVIDER, UNIT, HOME = "SE2321990018-A", "SE2321990018-A1", "SE2120990011-H1"
DIRECTORY = Directory(
    {PROVIDER: Provider(PROVIDER, "Region A"), "SE2120990011-H": Provider("SE2120990011-H", "Kommun H", kind="municipality")},
    {UNIT: Unit(UNIT, "Vårdcentral", PROVIDER), HOME: Unit(HOME, "Hemtjänst", "SE2120990011-H", social=True)},
    {"SE2321990018-E9": Staff("SE2321990018-E9", "Eva", "Ek", title="Undersköterska")},
)
CLIENTS = {"lab": "laboratory"}
COMMISSION = {
    "employeeHsaId": "se2321990018-e1",
    "commissionHsaId": "SE2321990018-C1",
    "commissionPurpose": "Vård och behandling",
    "commissionRights": ["Läsa;alla;VE", "Läsa;alla;SJF", "Skriva;alla;VE"],
    "healthCareUnitHsaId": UNIT.lower(),
    "healthCareProviderHsaId": PROVIDER,
    "systemRoles": [],
    "licences": ["LK"],
}
SOCIAL = {"healthCareUnitHsaId": HOME, "healthCareProviderHsaId": "SE2120990011-H", "licences": []}
NUMBER = "191212121212"
PERSONNUMMER = "http://electronichealth.se/identifier/personnummer"


def employee(**changed: Any) -> dict[str, Any]:
    hsa = {name: value for name, value in (COMMISSION | changed).items() if value is not None}
    return {"extensions": {"ihe_iua": {"subject_name": "Anna Alm"}, "se_hsa": hsa}}


def person(fhir_user: str = "Patient/p1", person_id: Any = NUMBER, **iua: Any) -> dict[str, Any]:
    said = {"fhirUser": fhir_user, "extensions": {"ihe_iua": {"person_id": person_id} | iua}}
    return {name: value for name, value in said.items() if value != ""}


@pytest.fixture
def caller(forge):
    return lambda **claims: caller_of(forge.good(**claims), CLIENTS, DIRECTORY)


def test_a_clinician_has_the_commission_of_the_token(caller, forge):
    found = caller(**employee())
    assert (found.kind, found.subject, found.unit, found.provider) == ("clinician", "SE2321990018-E1", UNIT, PROVIDER)
    assert (found.purpose, found.scope, found.role, found.loa) == ("care", "SJF", "physician", 3)
    assert (found.social_unit, found.officer, found.block_administrator, found.person) == (False, False, False, "")
    assert (found.client, found.issuer, found.token_id, found.name) == ("app", forge.issuer, "token-1", "Anna Alm")
    assert found.smart == {SmartScope("user", "*", frozenset("rs"))}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (SOCIAL, {"kind": "social", "social_unit": True, "role": ""}),
        ({"commissionPurpose": "Kvalitetssäkring"}, {"kind": "clinician", "purpose": "quality"}),
        ({"commissionPurpose": "Administration"}, {"purpose": "admin"}),
        ({"commissionPurpose": "Statistik"}, {"purpose": "statistics"}),
        ({"commissionPurpose": "Annan dokumentation enligt lag"}, {"purpose": "none"}),
        ({"commissionPurpose": None}, {"purpose": "none"}),
        ({"commissionHsaId": None}, {"kind": "clinician", "purpose": "none", "unit": "", "social_unit": None}),
        ({"commissionPurpose": "Administration", "systemRoles": ["BIF;Loggadministratör"]}, {"kind": "reviewer"}),
        ({"systemRoles": ["BIF;Loggadministratör"]}, {"kind": "clinician"}),
        ({"systemRoles": ["BIF;Spärradministratör"]}, {"officer": True, "block_administrator": False}),
        (
            {"commissionPurpose": "Administration", "systemRoles": "BIF;Spärradministratör"},
            {"officer": False, "block_administrator": True},
        ),
        ({"commissionRights": ["Läsa;alla;VG"]}, {"scope": "VG"}),
        ({"commissionRights": ["Läsa;alla;VE", "Läsa;und;SJF"]}, {"scope": "VE"}),
        ({"commissionRights": ["Läsa;alla;VE", "Skriva;alla;SJF"]}, {"scope": "VE"}),
        ({"commissionRights": [], "commissionPurpose": "Administration"}, {"scope": "VE"}),
        ({"licences": ["SJ"]}, {"role": "nurse"}),
        ({"licences": ["SJ"], "personalPrescriptionCode": "9100001"}, {"role": "prescribing_nurse"}),
        ({"licences": ["SJ", "LK"]}, {"role": "physician"}),
        ({"licences": ["AP"]}, {"role": "pharmacist"}),
        ({"licences": ["??"]}, {"role": ""}),
        ({"licences": [], "employeeHsaId": "SE2321990018-E9"}, {"role": "assistant_nurse"}),
    ],
    ids=str,
)
def test_the_commission_decides_kind_purpose_and_reach(caller, changed, expected):
    found = caller(**employee(**changed))
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"healthCareUnitHsaId": "SE2321990018-NONE"},
        {"healthCareUnitHsaId": None},
        {"healthCareProviderHsaId": "SE2120990011-H"},
        {"healthCareProviderHsaId": None},
        {"commissionRights": []},
        {"commissionRights": ["Läsa;und;SJF"]},
        {"commissionRights": ["Skriva;alla;SJF"]},
    ],
    ids=str,
)
def test_a_commission_in_doubt_is_refused(caller, changed):
    with pytest.raises(Forbidden):
        caller(**employee(**changed))


@pytest.mark.parametrize(
    ("claims", "kind"),
    [
        (person(), "patient"),
        (person("https://hub.example.org/fhir/Patient/p1"), "patient"),
        (person("RelatedPerson/r1", subject_role={"system": "v3-RoleCode", "code": "GUARD"}), "guardian"),
        (person("RelatedPerson/r1", subject_role=["HPOWATT"]), "agent"),
    ],
    ids=["patient", "patient by address", "guardian", "agent"],
)
def test_a_person_is_what_the_token_says(caller, claims, kind):
    found = caller(**claims)
    assert (found.kind, found.person, found.subject) == (kind, f"{PERSONNUMMER}|{NUMBER}", "someone")
    assert NUMBER not in repr(found).replace(found.person, "")


@pytest.mark.parametrize(
    "claims",
    [
        person(""),
        person("Practitioner/p1"),
        person("RelatedPerson/r1"),
        person("RelatedPerson/r1", subject_role="MTH"),
        person("Patient/p1/_history"),
        person("https://hub.example.org/Patient?x=Patient/p1"),
        person(person_id="191212121213"),
        person(person_id="19121212-1212"),
        person(person_id="1212121212"),
        person(person_id=f"{PERSONNUMMER}|"),
        person() | {"sub": NUMBER},
        person() | {"sub": "121212-1212"},
        person() | {"sub": f"urn:person:{NUMBER}"},
        person() | {"client_id": NUMBER},
    ],
    ids=lambda claims: str(claims.get("fhirUser")),
)
def test_a_person_in_doubt_is_refused_without_the_number(caller, claims):
    with pytest.raises(Forbidden) as refused:
        caller(**claims)
    assert "1212" not in repr((refused.value, refused.value.issues))


@pytest.mark.parametrize("subject", ["3f2b1c00-0000-4000-8000-191212121212", "1234567890", "SE2321990018-E1"])
def test_an_opaque_subject_is_not_taken_for_a_personal_number(caller, subject):
    assert caller(**person() | {"sub": subject}).subject == subject


@pytest.mark.parametrize(
    "written",
    [f"{PERSONNUMMER}|{NUMBER}", f"{NUMBER}^^^&1.2.752.129.2.1.3.1&ISO", NUMBER],
    ids=["token", "IUA", "bare"],
)
def test_a_number_is_read_in_each_of_its_writings(caller, written):
    assert caller(**person(person_id=written)).person == f"{PERSONNUMMER}|{NUMBER}"


def test_a_coordination_number_keeps_its_system(caller):
    assert (
        caller(**person(person_id="196109732393")).person
        == "http://electronichealth.se/identifier/samordningsnummer|196109732393"
    )


def test_a_registered_client_without_a_person_is_its_source(caller):
    found = caller(sub="lab", client_id="lab", acr=None, scope="system/*.cruds user/*.rs patient/*.rs")
    assert (found.kind, found.source, found.loa) == ("system", "laboratory", 3)
    assert found.smart == {SmartScope("system", "*", frozenset("cruds"))}


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "other", "client_id": "other"},
        {"sub": "someone", "client_id": "lab"},
        {"sub": "lab", "client_id": "lab", "fhirUser": "Patient/p"},
    ],
    ids=str,
)
def test_any_other_client_without_a_person_has_no_source(caller, claims):
    found = caller(**claims)
    assert (found.kind, found.source) == ("technician", "")


def test_an_employee_using_a_system_client_is_an_employee(caller):
    assert caller(**employee(), sub="lab", client_id="lab").kind == "clinician"


def test_a_scope_on_a_launch_patient_gives_staff_nothing(caller):
    assert caller(**employee(), scope="patient/*.cruds").smart == frozenset()


@pytest.mark.parametrize(
    ("acr", "loa"),
    [
        ("http://id.sambi.se/loa/loa3", 3),
        ("http://id.elegnamnden.se/loa/1.0/loa4", 4),
        ("http://eidas.europa.eu/LoA/low", 2),
        ("2", 2),
        ("", 0),
        ("http://elsewhere.example.org/loa4", 0),
        ("http://id.sambi.se/loa/loa5", 0),
        ("loa3x", 0),
    ],
)
def test_the_level_of_assurance_comes_from_a_known_name(caller, acr, loa):
    assert caller(**employee(), acr=acr).loa == loa


@pytest.mark.parametrize(
    "claims",
    [
        {"client_id": None},
        {"sub": None},
        {"jti": None},
        {"jti": ""},
        {"scope": ["user/*.rs"]},
        {"acr": 3},
        {"client_id": "app\n"},
        {"extensions": []},
        {"extensions": {"se_hsa": "x"}},
        employee(employeeHsaId=None),
        employee(employeeHsaId=7),
        employee(systemRoles={"a": 1}),
        employee(licences=[7]),
        employee(commissionRights="Läsa;alla;SJF\x00"),
    ],
    ids=str,
)
def test_a_claim_of_the_wrong_kind_does_not_hold(caller, claims):
    with pytest.raises(TokenError, match="claims"):
        caller(**claims)


def test_a_scope_with_a_query_part_is_refused(caller):
    with pytest.raises(HubError, match="query part"):
        caller(**employee(), scope="user/Observation.rs?category=x")
