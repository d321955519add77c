"""The traps of RIV-TA that touch care plans and care contacts: MAPPING 12, by number."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.errors import Unmappable
from hub.fhir.custody import Custody
from hub.fhir.identifiers import PERSONNUMMER, SAMORDNINGSNUMMER, Identifier
from hub.mappers import Entry, Mapped, Settings, SourceMessage
from hub.mappers.rivta_care_contacts import RIVTA_CARE_CONTACTS
from hub.mappers.rivta_care_plans import RIVTA_CARE_PLANS

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
LOGISTICS = "urn:riv:clinicalprocess:logistics:logistics"
NUMBER = "196101182803"
ASKED = Identifier(PERSONNUMMER, NUMBER)
SETTINGS = Settings("region-a", "SE2321990018-JOURNAL")
UNIT, GIVER = "SE2321990018-MED", "SE2321990018-NORR"
OK = "<r:result><c:resultCode>OK</c:resultCode><c:logId>1</c:logId></r:result>"
FROM_SOURCE = "DataFromSource"


def mapped(mapper: Any, content: str, settings: Settings = SETTINGS, asked: Identifier | None = ASKED) -> Mapped:
    message = SourceMessage(settings.source, mapper.name, content.encode(), datetime(2026, 11, 21, 9, tzinfo=UTC), asked)
    result: Mapped = mapper.map(message, settings)
    return result


def soap(operation: str, domain: str, responder: int, core: int, body: str, *statuses: str) -> str:
    rows = "".join(
        f"<h:ProcessingStatusList><h:logicalAddress>S</h:logicalAddress><h:statusCode>{code}</h:statusCode></h:ProcessingStatusList>"
        for code in statuses
    )
    header = f'<h:ProcessingStatus xmlns:h="urn:riv:interoperability:headers:1">{rows}</h:ProcessingStatus>' if statuses else ""
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:r="{domain}:{operation}Responder:{responder}" xmlns:c="{domain}:{core}" '
        f'xmlns:n="{domain}:{core}.1" xmlns:x="urn:other"><s:Header>{header}</s:Header>'
        f"<s:Body><r:{operation}Response>{body}</r:{operation}Response></s:Body></s:Envelope>"
    )


def professional(unit: str = UNIT, giver: str = GIVER, org: str = "SE2321990018-MOTT", time: str = "20240212141500") -> str:
    return (
        f"<c:accountableHealthcareProfessional><c:authorTime>{time}</c:authorTime>"
        f"<c:healthcareProfessionalOrgUnit><c:orgUnitHSAId>{org}</c:orgUnitHSAId></c:healthcareProfessionalOrgUnit>"
        + (f"<c:healthcareProfessionalCareUnitHSAId>{unit}</c:healthcareProfessionalCareUnitHSAId>" if unit else "")
        + (f"<c:healthcareProfessionalCareGiverHSAId>{giver}</c:healthcareProfessionalCareGiverHSAId>" if giver else "")
        + "</c:accountableHealthcareProfessional>"
    )


def parts(
    document: str = "vp-1", approved: str = "true", who: str | None = None, number: str = NUMBER, more: str = ""
) -> list[str]:
    return [
        f"<c:documentId>{document}</c:documentId>",
        "<c:sourceSystemHSAId>SE2321990018-JOURNAL</c:sourceSystemHSAId>",
        f"<c:patientId><c:id>{number}</c:id><c:type>1.2.752.129.2.1.3.1</c:type></c:patientId>",
        professional() if who is None else who,
        f"<c:approvedForPatient>{approved}</c:approvedForPatient>{more}",
    ]


def record(held: list[str], body: str = "") -> str:
    return f"<r:carePlan><c:carePlanHeader>{''.join(held)}</c:carePlanHeader><c:carePlanBody>{body}</c:carePlanBody></r:carePlan>"


def plans(*records: str, result: str = OK, responder: int = 2, core: int = 3, statuses: tuple[str, ...] = ()) -> str:
    return soap("GetCarePlans", LOGISTICS, responder, core, "".join(records) + result, *statuses)


def contacts(body: str, document: str = "vk-1") -> str:
    header = f"<c:careContactHeader>{''.join(parts(document))}</c:careContactHeader>"
    inside = f"<r:careContact>{header}<c:careContactBody>{body}</c:careContactBody></r:careContact>{OK}"
    return soap("GetCareContacts", LOGISTICS, 3, 3, inside)


def one(result: Mapped) -> Entry:
    (entry,) = result.entries
    return entry


def custody_of(held: list[str]) -> Custody:
    return one(mapped(RIVTA_CARE_PLANS, plans(record(held)))).custody


# --- 1 to 3: custody


@pytest.mark.parametrize(
    ("unit", "giver", "expected"),
    [
        (UNIT, "", (None, UNIT)),
        ("", GIVER, (GIVER, None)),
        ("", "", (None, None)),
        ("?", "?", (None, None)),
        (" ", " ", (None, None)),
    ],
)
def test_trap_01_care_giver_or_unit_missing_stays_unknown_and_is_never_guessed(
    unit: str, giver: str, expected: tuple[str | None, str | None]
) -> None:
    settings = Settings("region-a", "SE2321990018-JOURNAL", provider="SE2321990018-NORR", unit="SE2321990018-X")
    entry = one(mapped(RIVTA_CARE_PLANS, plans(record(parts(who=professional(unit, giver)))), settings))
    assert (entry.custody.provider, entry.custody.unit) == expected


def test_trap_01_two_care_units_that_differ_are_as_good_as_none() -> None:
    who = professional().replace(
        "<c:healthcareProfessionalCareGiverHSAId>",
        "<c:healthcareProfessionalCareUnitHSAId>SE2321990018-ANNAN</c:healthcareProfessionalCareUnitHSAId>"
        "<c:healthcareProfessionalCareGiverHSAId>",
    )
    assert custody_of(parts(who=who)).unit is None


def test_trap_02_the_authors_own_unit_is_never_the_unit_that_blocks_look_at() -> None:
    entry = one(mapped(RIVTA_CARE_PLANS, plans(record(parts(who=professional(unit=""))))))
    assert entry.custody.unit is None
    assert entry.resources[0].resource["contained"][0]["organization"]["identifier"]["value"] == "SE2321990018-MOTT"


BODY_WITH_ALL = (
    "<c:content><c:mediaType>text/plain</c:mediaType><c:value>SGVq</c:value></c:content>"
    "<c:participatingCareUnitHSAId><c:root>1.2.752.129.2.1.4.1</c:root><c:extension>SE2-B</c:extension></c:participatingCareUnitHSAId>"
)


@pytest.mark.parametrize(("approved", "released"), [("false", False), ("0", False), ("perhaps", None), ("", None)])
def test_trap_03_what_is_not_approved_is_hidden_from_the_patient_in_every_resource(approved: str, released: bool | None) -> None:
    entry = one(mapped(RIVTA_CARE_PLANS, plans(record(parts(approved=approved), BODY_WITH_ALL))))
    assert entry.custody.released is released
    kinds = [keyed.resource["resourceType"] for keyed in entry.resources]
    assert kinds == ["CarePlan", "CareTeam", "DocumentReference", "Binary"]
    assert all(keyed.resource["meta"]["security"][0]["code"] == "NOPATIENT" for keyed in entry.resources)


def test_trap_03_approval_can_flip_and_says_nothing_about_care_providers() -> None:
    before = one(mapped(RIVTA_CARE_PLANS, plans(record(parts(approved="false")))))
    after = one(mapped(RIVTA_CARE_PLANS, plans(record(parts(approved="true")))))
    assert before.key == after.key
    assert "security" not in after.resources[0].resource["meta"]
    assert (before.custody.provider, before.custody.unit) == (after.custody.provider, after.custody.unit)


def test_trap_03_two_approvals_that_differ_release_nothing() -> None:
    assert custody_of(parts(more="<c:approvedForPatient>false</c:approvedForPatient>")).released is None


def test_an_approval_in_a_foreign_namespace_approves_nothing() -> None:
    held = [part.replace("c:approvedForPatient", "x:approvedForPatient") for part in parts()]
    assert custody_of(held).released is None


# --- 6 to 9: identity and deletion


def test_trap_06_nullified_is_taken_where_it_is_forbidden_too() -> None:
    more = "<c:nullified>true</c:nullified><c:nullifiedReason>Fel patient</c:nullifiedReason>"
    entry = one(mapped(RIVTA_CARE_PLANS, plans(record(parts(more=more), BODY_WITH_ALL))))
    assert entry.custody.nullified is True
    assert [keyed.resource.get("status") for keyed in entry.resources] == ["entered-in-error"] * 3 + [None]
    assert entry.resources[0].resource["extension"][0]["valueString"] == "Fel patient"


@pytest.mark.parametrize(
    ("content", "whole"),
    [
        (plans(record(parts()), statuses=(FROM_SOURCE,)), True),
        (plans(record(parts()), statuses=(FROM_SOURCE, "DataFromCache")), True),
        (plans(statuses=(FROM_SOURCE,)), True),
        (plans(record(parts())), False),
        (plans(), False),
        (plans(record(parts()), statuses=(FROM_SOURCE, "NoDataSynchFailed")), False),
        (plans(record(parts()), statuses=("DataFromCacheSynchFailed",)), False),
        (plans(record(parts()), statuses=("SomethingNew",)), False),
        (plans(record(parts()), record(parts(document="")), statuses=(FROM_SOURCE,)), False),
        (plans(record(parts()), result=OK.replace("OK", "ERROR"), statuses=(FROM_SOURCE,)), False),
    ],
    ids=[
        "from the source",
        "source and cache",
        "empty, and the source was asked",
        "nobody says what was asked",
        "empty and nobody says",
        "one source failed",
        "old cache",
        "unknown status",
        "one record could not be read",
        "an error with data",
    ],
)
def test_trap_06_absence_is_deletion_only_in_an_answer_known_to_be_whole(content: str, whole: bool) -> None:
    assert mapped(RIVTA_CARE_PLANS, content).complete is whole


def test_trap_07_the_same_document_id_in_two_systems_is_two_records() -> None:
    other = [part.replace("SE2321990018-JOURNAL", "SE2321990018-ARKIV") for part in parts()]
    keys = {entry.key for entry in mapped(RIVTA_CARE_PLANS, plans(record(parts()), record(other))).entries}
    assert {key.value for key in keys} == {"vp-1"}
    assert len(keys) == 2


def test_trap_08_two_major_versions_of_a_record_are_one() -> None:
    older = one(mapped(RIVTA_CARE_PLANS, plans(record(parts()))))
    newer = one(mapped(RIVTA_CARE_PLANS, plans(record(parts()), responder=3, core=4)))
    assert older.key == newer.key


def test_trap_09_a_record_on_another_identity_keeps_its_own_number() -> None:
    entry = one(mapped(RIVTA_CARE_PLANS, plans(record(parts(number="196109732393")))))
    assert entry.patient == Identifier(SAMORDNINGSNUMMER, "196109732393")
    assert entry.resources[0].resource["subject"]["identifier"]["value"] == "196109732393"


def test_two_records_with_one_id_in_one_answer_are_said() -> None:
    result = mapped(RIVTA_CARE_PLANS, plans(record(parts()), record(parts(approved="false"))))
    assert [issue.severity for issue in result.issues] == ["error"]
    assert one(result).custody.released is False


# --- 10: times


@pytest.mark.parametrize(
    ("sent", "start", "end"),
    [
        ("20241027023000", "2024-10-27T00:30:00+00:00", "2024-10-27T01:30:00+00:00"),
        ("20240331023000", "2024-03-31T01:30:00+00:00", "2024-03-31T01:30:00+00:00"),
        ("20240701000000", "2024-06-30T22:00:00+00:00", "2024-06-30T22:00:00+00:00"),
    ],
    ids=["the hour that comes twice", "the hour that never comes", "midnight"],
)
def test_trap_10_a_block_is_compared_with_every_time_that_an_odd_hour_can_mean(sent: str, start: str, end: str) -> None:
    custody = custody_of(parts(who=professional(time=sent)))
    assert custody.time_from is not None
    assert custody.time_to is not None
    assert (custody.time_from.isoformat(), custody.time_to.isoformat()) == (start, end)


@pytest.mark.parametrize("sent", ["20240231101500", "20240100101500", "20240101240000", "2024", "i går"])
def test_trap_10_a_time_that_no_calendar_has_is_unknown_and_said(sent: str) -> None:
    result = mapped(RIVTA_CARE_PLANS, plans(record(parts(who=professional(time=sent)))))
    assert (one(result).custody.time_from, one(result).custody.time_to) == (None, None)
    assert [issue.problem for issue in result.issues] == ["not a time that the calendar has"]
    assert sent not in repr(result.issues)


# --- 15 to 17: content


def test_trap_15_the_units_of_a_plan_are_in_its_own_entry_and_nowhere_else() -> None:
    result = mapped(RIVTA_CARE_PLANS, plans(record(parts(), BODY_WITH_ALL), record(parts(document="vp-2"))))
    first, second = result.entries
    assert "SE2-B" in repr(first.resources)
    assert "SE2-B" not in repr(second)
    assert all(keyed.key.value.startswith("vp-1") for keyed in first.resources)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("<c:code>53671000052101</c:code><c:codeSystem>1.2.752.116.2.1.1</c:codeSystem>", "finished"),
        ("<c:code>53671000052101</c:code><c:codeSystem>1.2.752.129.2.2.2.25</c:codeSystem>", "unknown"),
        ("<c:code>53671000052101</c:code>", "finished"),
        ("<c:code>Ej påbörjad</c:code>", "planned"),
        ("<c:code>Ej påbörjad</c:code><c:codeSystem>?</c:codeSystem>", "planned"),
        ("<c:originalText>Pågående</c:originalText>", "in-progress"),
        ("<c:originalText>något annat</c:originalText>", "unknown"),
        (
            "<c:code>53641000052109</c:code><c:codeSystem>1.2.752.116.2.1.1</c:codeSystem><c:originalText>avslutad</c:originalText>",
            "cancelled",
        ),
        ("", "unknown"),
    ],
    ids=[
        "code",
        "code of another list",
        "bare code",
        "bare word",
        "word with a question mark for system",
        "text",
        "unknown text",
        "code and text: the code",
        "absent",
    ],
)
def test_trap_16_a_status_is_read_from_whatever_the_source_has(status: str, expected: str) -> None:
    body = f"<c:careContactStatus>{status}</c:careContactStatus>" if status else ""
    encounter = one(mapped(RIVTA_CARE_CONTACTS, contacts(body))).resources[0].resource
    assert encounter["status"] == expected


def test_trap_16_text_and_code_are_both_kept() -> None:
    body = (
        "<c:careContactCode><c:code>1</c:code><c:codeSystem>1.2.752.129.2.2.2.25</c:codeSystem><c:displayName>Besök</c:displayName>"
        "<c:originalText>Drop-in-besök</c:originalText></c:careContactCode>"
    )
    (kind,) = one(mapped(RIVTA_CARE_CONTACTS, contacts(body))).resources[0].resource["type"]
    assert (kind["text"], kind["coding"][0]["display"]) == ("Drop-in-besök", "Besök")


@pytest.mark.parametrize(("begun", "expected"), [(True, "finished"), (False, "unknown")])
def test_a_contact_that_was_broken_off_is_finished_only_if_it_had_begun(begun: bool, expected: str) -> None:
    start = "<c:start>20240212130000</c:start>" if begun else "<c:end>20240212130000</c:end>"
    body = (
        f"<c:careContactTimePeriod>{start}</c:careContactTimePeriod><c:careContactStatus><c:code>53661000052105</c:code>"
        "<c:codeSystem>1.2.752.116.2.1.1</c:codeSystem></c:careContactStatus>"
    )
    assert one(mapped(RIVTA_CARE_CONTACTS, contacts(body))).resources[0].resource["status"] == expected


@pytest.mark.parametrize("name", ["typeOfCarePlanEnum", "typeOfCarePlan"])
def test_trap_17_the_type_of_plan_is_read_under_both_its_names(name: str) -> None:
    plan = one(mapped(RIVTA_CARE_PLANS, plans(record(parts(), f"<c:{name}>SIP</c:{name}>")))).resources[0].resource
    assert plan["category"][0]["coding"][0]["code"] == "SIP"
    assert plan["title"] == "Samordnad individuell plan"


def test_a_plan_is_never_said_to_be_active() -> None:
    plan = one(mapped(RIVTA_CARE_PLANS, plans(record(parts())))).resources[0].resource
    assert (plan["status"], plan["intent"]) == ("unknown", "plan")
    assert not {"goal", "activity", "period"} & plan.keys()


# --- 19 and 20: result and order


def test_trap_19_an_error_with_data_gives_the_data_and_says_so() -> None:
    result = mapped(RIVTA_CARE_PLANS, plans(record(parts()), result=OK.replace("OK", "ERROR")))
    assert len(result.entries) == 1
    assert [(issue.severity, issue.place) for issue in result.issues] == [("error", "result")]


def test_trap_20_the_order_of_the_header_does_not_matter() -> None:
    usual = mapped(RIVTA_CARE_PLANS, plans(record(parts())))
    turned = mapped(RIVTA_CARE_PLANS, plans(record(parts()[::-1])))
    assert turned == usual


def test_a_later_minor_version_is_read_and_what_is_new_in_it_is_counted() -> None:
    held = parts(more="<n:approvedForPatient>true</n:approvedForPatient><n:brandNew>1</n:brandNew>")
    result = mapped(RIVTA_CARE_PLANS, plans(record(held)))
    assert one(result).custody.released is True
    assert result.coverage.unmapped == {"carePlan.carePlanHeader.brandNew": 1}


# --- 26, 27


def test_trap_26_html_is_a_document_and_never_a_narrative() -> None:
    content = "<c:content><c:mediaType>text/html</c:mediaType><c:value>PHNjcmlwdD4=</c:value></c:content>"
    entry = one(mapped(RIVTA_CARE_PLANS, plans(record(parts(), content))))
    assert all("text" not in keyed.resource for keyed in entry.resources)
    assert "description" not in entry.resources[0].resource


def test_trap_26_a_document_larger_than_the_contract_allows_is_taken() -> None:
    content = f"<c:content><c:mediaType>text/plain</c:mediaType><c:value>{'QUJD' * 60_000}</c:value></c:content>"
    entry = one(mapped(RIVTA_CARE_PLANS, plans(record(parts(), content))))
    assert entry.resources[1].resource["content"][0]["attachment"]["size"] == 180_000


@pytest.mark.parametrize("written", ["5565594230", "TSTNMT2321000156-CG01", "se2321990018-norr", "SE162321990018-1"])
def test_trap_27_an_hsa_id_of_any_shape_is_taken_in_one_letter_case(written: str) -> None:
    assert custody_of(parts(who=professional(giver=written))).provider == written.upper()


# --- what is no answer at all


@pytest.mark.parametrize(
    "content",
    [
        plans(record(parts())).replace("GetCarePlansResponse", "GetCareContactsResponse"),
        plans(record(parts())).replace(LOGISTICS, "urn:riv:something:else"),
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultstring>{NUMBER}</faultstring></s:Fault></s:Body></s:Envelope>',
        "<html/>",
        "",
    ],
    ids=["another operation", "another domain", "a fault", "HTML", "nothing"],
)
def test_what_is_no_answer_of_the_contract_is_unmappable_and_no_word_of_it_is_told(content: str) -> None:
    with pytest.raises(Unmappable) as refusal:
        mapped(RIVTA_CARE_PLANS, content)
    assert NUMBER not in str(refusal.value)


def test_one_record_that_cannot_be_read_never_costs_the_others() -> None:
    nobody = [part for part in parts(document="vp-2") if "patientId" not in part]
    result = mapped(RIVTA_CARE_PLANS, plans(record(nobody), record(parts())))
    assert one(result).key.value == "vp-1"
    assert [issue.place for issue in result.issues] == ["carePlan[1]"]
    assert result.issues[0].severity == "error"
