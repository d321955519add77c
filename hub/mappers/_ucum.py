"""Whether a unit is UCUM: the part of its grammar and of its atoms that laboratories and prescriptions use.

What is not recognised is not called UCUM: the unit then travels as text. https://ucum.org/ucum
"""

import re
from functools import lru_cache

_PREFIX = "da|[YZEPTGMkhdcmunpfazy]"
_METRIC = (
    "m|g|s|K|cd|C|rad|sr|Hz|N|Pa|J|W|A|V|F|Ohm|S|Wb|Cel|T|H|lm|lx|Bq|Gy|Sv|mol|osm|eq|kat|U|L|l|bar|cal|eV|u|"
    "m\\[Hg\\]|m\\[H2O\\]|\\[iU\\]|\\[IU\\]"
)
_PLAIN = (
    "%|min|h|d|wk|mo|mo_j|a|a_j|deg|'|''|B|\\[pH\\]|\\[degF\\]|\\[arb'U\\]|\\[drp\\]|\\[ppm\\]|\\[ppth\\]|"
    "\\[CFU\\]|\\[PFU\\]|\\[cin_i\\]|\\[lb_av\\]|\\[diop\\]|\\[hp_X\\]|10\\*|10\\^|\\[APL'U\\]|\\[GPL'U\\]|\\[MPL'U\\]"
)
_ANNOTATION = r"\{[!-z|~]*\}"
_SIMPLE = rf"(?:(?:{_PLAIN}|(?:{_PREFIX})?(?:{_METRIC}))(?:[+-]?[0-9]+)?|1)"
_COMPONENT = rf"(?:{_SIMPLE}(?:{_ANNOTATION})?|\({_SIMPLE}(?:[./]{_SIMPLE})*\))"
_UNIT = re.compile(rf"/?{_COMPONENT}(?:[./]{_COMPONENT}|/{_ANNOTATION})*", re.ASCII)
_SWEDISH_WORDS = re.compile(r"(?:^|[./])(?:dag|st|gr)(?:$|[./])")
"""Words of Swedish notes that happen to spell a UCUM unit: decagrams, steres, …"""


LONG = 100
"""Characters. What is longer is no common unit or code system, and is not remembered."""


def is_ucum(unit: str) -> bool:
    """Whether `unit` is a UCUM code (case-sensitive) that can be meant as one."""
    return _is_ucum(unit) if len(unit) <= LONG else _is_ucum.__wrapped__(unit)


@lru_cache(1024)
def _is_ucum(unit: str) -> bool:
    return bool(_UNIT.fullmatch(unit)) and not _SWEDISH_WORDS.search(unit)
