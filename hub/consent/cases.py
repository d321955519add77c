"""Worked cases: facts in words, made into grounds and one entry, and decided by the one function. CONSENT.md section 2.

A case is a flat object of facts over a base of all of them. Nothing here decides anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hub.caller import Caller
from hub.consent.case_grounds import EMPLOYEE, Place, rows
from hub.consent.decision import decide
from hub.consent.grounds import Grounds, PatientFacts
from hub.consent.payloads import with_rows
from hub.consent.release import Outcome, outcome_of
from hub.errors import InvalidRequest
from hub.fhir.custody import Custody, Regime
from hub.fhir.said import said
from hub.fhir.types import TYPES

NOW = datetime(2026, 6, 15, 10, tzinfo=UTC)
"""The instant of every case."""
_DAY = timedelta(days=1)
_TRUTHS = (True, False)
_CONSENTS = ("none", "unit", "person_self", "person_other", "other_unit", "future", "expired", "ended", "annulled")
_LOCATIONS = ("SAME_UNIT", "SAME_PROVIDER", "OTHER_PROVIDER", "SOCIAL", "NLL", "OWN")
_KINDS = ("clinician", "social", "reviewer", "patient", "guardian", "agent", "system", "technician", "anonymous")
VALUES: Mapping[str, tuple[Any, ...]] = {
    "kind": _KINDS,
    "purpose": ("care", "quality", "admin", "statistics", "none"),
    "scope": ("VE", "VG", "SJF"),
    "location": _LOCATIONS,
    "relation": ("current", "past", "work_need", "none"),
    "consent": _CONSENTS,
    "assertion": ("none", "child", "incapacity", "emergency", "inner_emergency"),
    "step": (0, 1, 2),
    "block": ("none", "inner", "outer"),
    "blockPeriod": ("none", "covers", "overlaps", "outside"),
    "revoke": ("none", "unit", "person_self", "person_other", "other_unit", "expired"),
    "dataPurpose": ("care", "care_admin", "quality"),
    "request": ("care", "certificate", "narcotic_flag", "dose_dispensed", "audit"),
    "sharedWith": ("none", "unit", "provider", "other"),
} | dict.fromkeys(
    (
        "patientNamed",
        "relevance",
        "insuranceInvestigation",
        "nullified",
        "releasedToPatient",
        "secretFromPatient",
        "patientDeceased",
        "orgKnown",
        "servicesUp",
        "officer",
        "underIncapacityRule",
        "ownSource",
    ),
    _TRUTHS,
)
"""The facts with a closed list of values."""
_OPTIONAL: Mapping[str, type] = {"provision": dict, "resource": dict, "dissent": str}
"""Facts that a case may leave out: of which data the consent is, as in a FHIR Consent, the resource that the entry holds, and
whether the patient has said no to all that others may read."""
_DISSENTS = ("none", "all", "but_emergencies")
_OPEN: Mapping[str, type] = {"role": str, "loa": int, "patientAge": int, "dataType": str, "blockExcludes": list}


@dataclass(frozen=True, slots=True)
class Case:
    """A case with its name, ready to decide."""

    id: str
    grounds: Grounds
    custody: Custody

    def decided(self) -> tuple[Outcome, str]:
        """What becomes of the entry, and the rule that says so."""
        return outcome_of(decide(self.grounds), self.custody)


def decide_case(base: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[Outcome, str]:
    """What becomes of the entry of a case, and the rule that says so.

    Raises: InvalidRequest: a fact is missing, unknown or has a value that it cannot have.
    """
    return read_case("", {**base, **given}).decided()


def read_case(id: str, facts: Mapping[str, Any]) -> Case:
    """The grounds and the entry that these facts describe.

    Raises: InvalidRequest: a fact is missing, unknown or has a value that it cannot have.
    """
    _check(id, facts)
    place = _place(facts)
    grounds = Grounds(
        caller=_caller(facts),
        now=NOW,
        patient=_patient(facts),
        named=facts["patientNamed"],
        request=facts["request"],
        services_up=facts["servicesUp"],
    )
    return Case(id, with_rows(grounds, rows(facts, place, NOW)), _custody(facts, place))


def cases(held: Mapping[str, Any]) -> tuple[Case, ...]:
    """Every case of a file `{"base": {…}, "cases": [{"id", "given"}, …]}`.

    Raises: InvalidRequest: the file has another form, or a case another fact.
    """
    base, listed = held.get("base"), held.get("cases")
    if not isinstance(base, Mapping) or not isinstance(listed, list):
        raise InvalidRequest("not of the form {base, cases}")
    return tuple(_listed(base, row, number) for number, row in enumerate(listed))


def _listed(base: Mapping[str, Any], row: Any, number: int) -> Case:
    given = row.get("given", {}) if isinstance(row, Mapping) else None
    if not isinstance(given, Mapping):
        raise InvalidRequest("not of the form {id, given}", f"cases[{number}]")
    return read_case(str(row.get("id", number)), {**base, **given})


def _check(id: str, facts: Mapping[str, Any]) -> None:
    known = VALUES.keys() | _OPEN.keys()
    if facts.keys() - _OPTIONAL.keys() != known:
        raise InvalidRequest(f"{id}: facts unknown or missing: {', '.join(sorted(facts.keys() - _OPTIONAL.keys() ^ known))}")
    kinds = {**_OPEN, **_OPTIONAL}
    for name, value in facts.items():
        listed = _DISSENTS if name == "dissent" else VALUES.get(name)
        wrong = type(value) is not kinds[name] if listed is None else (type(value), value) not in [(type(v), v) for v in listed]
        if wrong or (name == "resource" and value.get("resourceType") not in TYPES):
            raise InvalidRequest(f"{id}: {name} cannot have this value")


def _caller(facts: Mapping[str, Any]) -> Caller:
    return Caller(
        kind=facts["kind"],
        subject=EMPLOYEE,
        client="case",
        issuer="case",
        loa=facts["loa"],
        purpose=facts["purpose"],
        scope=facts["scope"],
        provider=Place.PROVIDER,
        unit=Place.UNIT,
        social_unit=facts["kind"] == "social",
        role=facts["role"],
        officer=facts["officer"],
        source="own",
    )


def _patient(facts: Mapping[str, Any]) -> PatientFacts:
    born = date(NOW.year - facts["patientAge"], 1, 1)
    return PatientFacts(born=born, deceased=facts["patientDeceased"], protected=False)


def _place(facts: Mapping[str, Any]) -> Place:
    """Provider and unit of the entry, before it is asked whether they are known."""
    match facts["location"]:
        case "SAME_UNIT":
            return Place(Place.PROVIDER, Place.UNIT)
        case "SAME_PROVIDER":
            return Place(Place.PROVIDER, Place.SISTER_UNIT)
        case _:
            return Place(Place.OTHER_PROVIDER, Place.OTHER_UNIT)


def _custody(facts: Mapping[str, Any], place: Place) -> Custody:
    location, regimes = facts["location"], {"NLL": "NLL", "OWN": "OWN"}
    regime: Regime = regimes.get(location, "SVOD")  # type: ignore[assignment]  # mypy widens the table's values to str
    near = location in ("SAME_UNIT", "SAME_PROVIDER")
    kept = {"SAME_UNIT": (None, place.unit), "SAME_PROVIDER": (place.provider, None)}
    provider, unit = (place.provider, place.unit) if facts["orgKnown"] else kept.get(location, (None, None))
    return Custody(
        source="own" if facts["ownSource"] else "other",
        provider=provider,
        unit=unit,
        info_type=facts["dataType"],
        regime=regime,
        social=location == "SOCIAL" or (near and facts["kind"] == "social"),
        time_from=NOW - 30 * _DAY,
        time_to=NOW - 20 * _DAY,
        released=facts["releasedToPatient"],
        secret=facts["secretFromPatient"],
        nullified=facts["nullified"],
        insurance=facts["insuranceInvestigation"],
        purpose=facts["dataPurpose"],
        incapacity=facts["underIncapacityRule"],
        says=(said({"id": "entry", **facts["resource"]}),) if "resource" in facts else (),
    )
