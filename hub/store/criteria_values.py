"""What is bound to the SQL of criteria: their values, as index keys hold them."""

from collections.abc import Iterable, Iterator
from typing import Any

from hub.errors import TooCostly
from hub.fhir.comparisons import DateIs, TextIs, TokenAmong
from hub.fhir.criteria import AllOf, AnyOf, CompositeIs, Criterion, Not, Referred, Refers, Unlike
from hub.fhir.json import dumps
from hub.store.keys_written import time_text
from hub.store.values import KEY_LENGTH, fitted


def bound(criteria: Iterable[Criterion]) -> dict[str, Any]:
    """What is bound for criteria, by the names that their SQL gives them, as the index keys hold it.

    Raises: TooCostly: a text of which more is asked than its key holds.
    """
    values = (value for criterion in criteria for value in _values(criterion))
    return {f"v{n}": value for n, value in enumerate(values)}


def _values(criterion: Criterion, composite: bool = False) -> Iterator[str | int]:
    match criterion:
        case AnyOf(parts) | AllOf(parts):
            for part in parts:
                yield from _values(part, composite)
        case CompositeIs(_, parts):
            for part in parts:
                yield from _values(part, composite=True)
        case Not(inner) | Unlike(inner) | Referred(_, _, inner):
            yield from _values(inner)
        case Refers(_, targets):
            for _, inner in targets:
                yield from _values(inner)
        case TextIs(param, way, value):
            if len(value) > KEY_LENGTH and way != "is":
                raise TooCostly(f"a text to search for has at most {KEY_LENGTH} characters", param)
            yield fitted(value)
        case TokenAmong(_, codes):
            yield dumps([[fitted(each.system), fitted(each.code)] for each in codes]).decode()
        case DateIs() if composite:
            yield from (time_text(value) for value in (criterion.low, criterion.high))
        case _:
            for each in criterion.values():
                yield fitted(each) if isinstance(each, str) else each  # type: ignore[misc]  # codes are TokenAmong's alone
