"""FHIR 4.0.1's own definitions, as compact tables that `tools/definitions` makes from HL7's package. Never written by hand."""

import pkgutil
from functools import cache
from typing import Any

from hub.fhir.json import loads


@cache
def table(name: str) -> Any:
    """One table, read when it is first asked for. Whoever reads it keeps what it needs and changes nothing in place."""
    content = pkgutil.get_data(__name__, f"{name}.json")
    assert content is not None
    return loads(content)
