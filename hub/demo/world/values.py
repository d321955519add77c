"""Codes and values of facts. Numbers are text, so that their digits survive."""

from dataclasses import dataclass
from typing import Literal

NPU = "1.2.752.108.1"
KV_BEFATTNING = "1.2.752.129.2.2.1.4"
KV_CARE_CONTACT = "1.2.752.129.2.2.2.25"
SNOMED = "1.2.752.116.2.1.1"
ATC = "1.2.752.129.2.2.3.1.1"
ICD_10_SE = "1.2.752.116.1.1.1.1.3"
LOINC = "http://loinc.org"


@dataclass(frozen=True, slots=True)
class Code:
    """A code with its text; `system` is a dotted OID or a URI, empty where a system has only text or a code of its own."""

    code: str
    text: str
    system: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, e.g. `<` `5` `ng/L`."""

    value: str
    unit: str
    comparator: Literal["", "<", "<=", ">", ">="] = ""


@dataclass(frozen=True, slots=True)
class Interval:
    """A result that is a range."""

    low: str
    high: str
    unit: str


Value = Quantity | Interval | Code | str
