"""The responses of security services, as their schemas have them: consent 2.0, blocking 4.0, ehr:patientrelationship 1.0."""

from hub.sources._security_questions import BLOCKING, CONSENT, RELATION
from hub.sources._sequences import Part, Sequence, boolean, many, maybe, string, time, whole

_C, _B, _R = f"{CONSENT}:2", f"{BLOCKING}:4", f"{RELATION}:1"
_CODES = ("OK", "INFO", "ERROR", "VALIDATION_ERROR", "ACCESSDENIED", "NOTFOUND", "ALREADYEXISTS", "INVALIDSTATE")
_BLOCKING_CODES = tuple(each.replace("_", "") for each in _CODES)
"""Blocking spells one of them otherwise."""
_ID, _HSA_ID, _OWNER = string(36, empty=False), string(32, empty=False), string(512)
_ASSERTION_TYPE = string(among=("Consent", "Emergency"))


def _of(space: str, *parts: Part) -> Sequence:
    return Sequence(space, parts)


def _ii(space: str) -> Sequence:
    return _of(space, Part("root", string()), maybe("extension", string()))


_CONSENT_RESULT = Part("result", _of(_C, Part("resultCode", string(among=_CODES)), maybe("resultText", string())))
_BLOCKING_RESULT = Part("result", _of(_B, Part("resultCode", string(among=_BLOCKING_CODES)), maybe("resultText", string())))
_RELATION_RESULT = Part("Result", _of(_R, Part("ResultCode", string(among=_CODES)), Part("ResultText", string())))

_ASSERTION = _of(
    _C,
    Part("assertionId", _ID),
    Part("assertionType", _ASSERTION_TYPE),
    Part("scope", string(among=("NationalLevel",))),
    Part("careProviderId", _HSA_ID),
    Part("careUnitId", _HSA_ID),
    maybe("employeeId", _HSA_ID),
    Part("startDate", time),
    maybe("endDate", time),
    maybe("ownerId", _OWNER),
    Part("patientId", _ii(_C)),
)
_REVOKE = _of(
    _B,
    Part("temporaryRevokeId", _ID),
    Part("endDate", time),
    Part("revokedForCareUnitId", _HSA_ID),
    maybe("revokedForEmployeeId", _HSA_ID),
    maybe("ownerId", _OWNER),
)
_BLOCK = _of(
    _B,
    Part("blockId", _ID),
    Part("blockType", string(among=("Inner", "Outer"))),
    maybe("informationStartDate", time),
    maybe("informationEndDate", time),
    maybe("informationCareUnitId", _HSA_ID),
    Part("informationCareProviderId", _HSA_ID),
    Part("patientId", _ii(_B)),
    many("excludedInformationTypes", _of(_B, Part("infoTypeId", string(6)), Part("infoTypeDescription", string(64)))),
    many("temporaryRevokes", _REVOKE),
    maybe("ownerId", _OWNER),
)
_RELATION = _of(
    _R,
    Part("PatientRelationId", _ID),
    Part("PatientId", string(12)),
    Part("CareProviderId", _HSA_ID),
    Part("CareUnitId", _HSA_ID),
    Part("EmployeeId", _HSA_ID),
    Part("StartDate", time),
    Part("EndDate", time),
    maybe("OwnerId", _OWNER),
)
_CHECKED_ROW = _of(_B, Part("status", string(among=("OK", "BLOCKED", "VALIDATIONERROR"))), Part("rowNumber", whole))


def _response(responder: str, name: str, space: str, *parts: Part) -> Sequence:
    """A response of one element."""
    return _of(responder, Part(name, _of(space, *parts)))


CONSENTS = _response(
    f"{CONSENT}:GetConsentsForPatientResponder:2", "getConsentsResult", _C, _CONSENT_RESULT, many("pdlAssertions", _ASSERTION)
)
CHECKED_CONSENT = _response(
    f"{CONSENT}:CheckConsentResponder:2",
    "checkResult",
    _C,
    _CONSENT_RESULT,
    Part("hasConsent", boolean),
    maybe("assertionType", _ASSERTION_TYPE),
)
REGISTERED = _of(f"{CONSENT}:RegisterExtendedConsentResponder:2", _CONSENT_RESULT)
CANCELLED = _of(f"{CONSENT}:CancelExtendedConsentResponder:2", _CONSENT_RESULT)
BLOCKS = _response(
    f"{BLOCKING}:GetBlocksResponder:4",
    "blockHeader",
    _B,
    _BLOCKING_RESULT,
    many("blocks", _BLOCK),
    Part("nextCreatedOnOrAfter", time),
    Part("latestCancellation", time),
)
CHECKED_BLOCKS = _response(
    f"{BLOCKING}:CheckBlocksResponder:4", "checkBlocksResult", _B, _BLOCKING_RESULT, many("checkResults", _CHECKED_ROW)
)
RELATIONS = _response(
    f"{RELATION}:querying:GetPatientRelationsForPatientResponder:1",
    "GetPatientRelationsResultType",
    _R,
    _RELATION_RESULT,
    many("PatientRelations", _RELATION),
)
CHECKED_RELATION = _response(
    f"{RELATION}:accesscontrol:CheckPatientRelationResponder:1",
    "CheckResultType",
    _R,
    _RELATION_RESULT,
    Part("HasPatientrelation", boolean),
)
