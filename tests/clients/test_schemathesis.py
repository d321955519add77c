"""What Schemathesis makes of the OpenAPI document is answered as HTTP and FHIR say: never by a fault of ours.

Every operation of a few types, of the system and of /access is asked, with what fits its description and what does not.
"""

import json
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.clients.conftest import Served

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.timeout(180)]
TYPES = ("Patient", "Observation", "Consent")
EXAMPLES = 2
"""Of each operation, in each of the two ways."""
AGAIN = 429
"""Too many requests: told, and no fault."""


@pytest.fixture(scope="module")
def operations(served: Served) -> list[Any]:
    document = httpx.get(served.base.removesuffix("/fhir") + "/openapi.json").json()
    parts = [f"/fhir/{name}" for name in TYPES]
    document["paths"] = {
        path: held
        for path, held in document["paths"].items()
        if not path.startswith("/fhir/") or any(path == part or path.startswith(part + "/") for part in parts)
    }
    schema = schemathesis.openapi.from_dict(document)
    return [each.ok() for each in schema.get_all_operations()]


def test_operations_are_found(operations: list[Any]) -> None:
    assert len(operations) > 40


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_no_operation_is_answered_by_a_fault_of_ours(served: Served, operations: list[Any], mode: str) -> None:
    base = served.base.removesuffix("/fhir")
    headers = {"Authorization": f"Bearer {served.token}"}
    wrong: list[str] = []
    with httpx.Client() as http:
        for operation in operations:
            for case in _cases(operation, getattr(schemathesis.GenerationMode, mode)):
                answer = _sent(http, base, case, headers)
                if answer is not None and (problem := _problem(answer)):
                    wrong.append(f"{operation.label}: {problem}")
    assert wrong == []


def _cases(operation: Any, mode: Any) -> list[Any]:
    """A few cases of an operation, the same at each run; none where there is nothing that does not fit it."""
    found: list[Any] = []

    @seed(20261128)
    @settings(
        max_examples=EXAMPLES, phases=[Phase.generate], database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def gather(data: st.DataObject) -> None:
        found.append(data.draw(operation.as_strategy(generation_mode=mode)))

    try:
        gather()
    except Exception as fault:  # what cannot be made wrong has no wrong cases
        if mode is schemathesis.GenerationMode.POSITIVE:
            raise AssertionError(f"{operation.label} cannot be asked: {fault}") from fault
    return found


def _sent(http: httpx.Client, base: str, case: Any, headers: dict[str, str]) -> httpx.Response | None:
    """The answer; None: no client can send such a request."""
    given = case.as_transport_kwargs(base_url=base, headers=headers)
    try:
        return http.request(
            given["method"],
            given["url"],
            params=given.get("params"),
            headers={name: value for name, value in (given.get("headers") or {}).items() if value is not None},
            content=_content(given),
        )
    except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError, ValueError, TypeError):
        return None


def _content(given: dict[str, Any]) -> bytes | str | None:
    if "json" in given and given["json"] is not None:
        return json.dumps(given["json"])
    data = given.get("data")
    return data if isinstance(data, bytes | str) else None


def _problem(answer: httpx.Response) -> str:
    if answer.status_code >= 500:
        return f"{answer.status_code}"
    body = answer.content
    told = b"OperationOutcome" in body or not body or answer.status_code == AGAIN
    return (
        "" if answer.status_code < 400 or told or answer.request.method == "HEAD" else f"{answer.status_code} without an outcome"
    )
