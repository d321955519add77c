"""Source messages of the bench's persons: an HL7 v2 ORU, and the answer of a RIV-TA laboratory service."""

from datetime import UTC, datetime

from bench import world
from hub.mappers import Defaults, Place, Settings, SourceMessage

PERSONAL_NUMBER_ROOT = "1.2.752.129.2.1.3.1"
HSA_ROOT = "1.2.752.129.2.1.4.1"
RECORD_ROOT = "1.2.752.129.2.1.2.1"
SETTINGS = Settings(
    source="norr",
    system=f"{world.REGION}-SYSNORR",
    defaults=Defaults(released=True, secret=False, insurance=False, purpose="care", incapacity=False),
    places={"MOTT": Place(*world.HOME)},
)


def oru(one: world.Person, results: int = 20) -> SourceMessage:
    """A laboratory report of so many OBX."""
    lines = [
        "MSH|^~\\&|LAB|KEM|HUB|HUB|20261001080000+0200||ORU^R01^ORU_R01|1|P|2.5.1||||||UNICODE UTF-8",
        f"PID|1||{one.number.value}^^^&{PERSONAL_NUMBER_ROOT}&ISO^NNSWE||Provperson^Bänk",
        "PV1|1|O|MOTT",
        "ORC|RE|P1^REM|F1^LAB",
        "OBR|1|P1^REM|F1^LAB|KEM^Klinisk kemi^L|||20261001081500|||||||||||||||20261001120000||CH|F",
    ]
    for number in range(results):
        code, name, unit, low, high = world.ANALYSES[number % len(world.ANALYSES)]
        value = f"{code}^{name}^NPU|{number}|{low}|{unit}^^UCUM|{low}-{high}|N|||F|||20261001081500"
        lines.append(f"OBX|{number + 1}|NM|{value}")
    return SourceMessage("norr", "hl7v2_oru_r01", ("\r".join(lines) + "\r").encode(), datetime.now(UTC), None, "bench")


def laboratory(one: world.Person, number: int, orders: int = 5, results: int = 10) -> SourceMessage:
    """The answer about a person: so many orders of so many results each; `number` makes it another answer than others."""
    body = "".join(_order(one, number, order, results) for order in range(orders))
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:r="urn:riv:clinicalprocess:healthcond:actoutcome:GetLaboratoryOrderOutcomeResponder:4"'
        ' xmlns:c="urn:riv:clinicalprocess:healthcond:actoutcome:4"'
        ' xmlns:m1="urn:riv:clinicalprocess:healthcond:actoutcome:4.1"><s:Body>'
        f"<r:GetLaboratoryOrderOutcomeResponse>{body}<r:result><c:resultCode>OK</c:resultCode>"
        f"<c:logId>{number}</c:logId></r:result></r:GetLaboratoryOrderOutcomeResponse></s:Body></s:Envelope>"
    )
    return SourceMessage("norr", "rivta_laboratory", content.encode(), datetime.now(UTC), one.number, "bench")


def _order(one: world.Person, number: int, order: int, results: int) -> str:
    record = f"{world.REGION}-LAB:{one.row}-{number}-{order}"
    analyses = "".join(_analysis(record, each) for each in range(results))
    return (
        "<r:laboratoryOrderOutcome><c:header><c:accessControlHeader>"
        f"{_ii('c:accountableCareGiver', HSA_ROOT, world.HOME[0])}{_ii('c:accountableCareUnit', HSA_ROOT, world.HOME[1])}"
        "<c:blockComparisonTime>20261001080000</c:blockComparisonTime><c:approvedForPatient>true</c:approvedForPatient>"
        f"{_ii('m1:patientId', PERSONAL_NUMBER_ROOT, one.number.value)}</c:accessControlHeader>"
        f"{_ii('c:sourceSystemId', HSA_ROOT, f'{world.REGION}-LAB')}<c:record>{_ii('c:id', RECORD_ROOT, record)}"
        "<c:timestamp>20261001120000</c:timestamp></c:record><c:author>"
        f"{_ii('c:id', HSA_ROOT, world.PHYSICIAN)}<c:name>Pia Prov</c:name><c:timestamp>20261001120000</c:timestamp></c:author>"
        f"</c:header><c:body>{_ii('c:identifier', RECORD_ROOT, f'{record}-SVAR')}"
        f"{_ii('c:laboratoryIdentifier', RECORD_ROOT, f'{record}-LID')}"
        "<c:type><c:code>final</c:code><c:codeSystem>2.16.840.1.113883.4.642.3.235</c:codeSystem></c:type>"
        f"<c:groupOfAnalyses>{analyses}</c:groupOfAnalyses></c:body></r:laboratoryOrderOutcome>"
    )


def _analysis(record: str, number: int) -> str:
    code, name, unit, low, high = world.ANALYSES[number % len(world.ANALYSES)]
    coded = f"<c:code>{code}</c:code><c:codeSystem>1.2.752.108.1</c:codeSystem><c:displayName>{name}</c:displayName>"
    return (
        f"<c:analysis>{_ii('c:identifier', RECORD_ROOT, f'{record}-{number}')}<c:timestamp>20261001110000</c:timestamp>"
        f"<c:code>{coded}</c:code><c:result><c:type>{coded}</c:type><c:value><c:pq><c:value>{low}</c:value>"
        f"<c:unit>{unit}</c:unit></c:pq></c:value><c:reference><c:interval><c:low>{low}</c:low><c:high>{high}</c:high>"
        f"<c:unit>{unit}</c:unit></c:interval></c:reference></c:result></c:analysis>"
    )


def _ii(element: str, root: str, extension: str) -> str:
    return f"<{element}><c:root>{root}</c:root><c:extension>{extension}</c:extension></{element}>"
