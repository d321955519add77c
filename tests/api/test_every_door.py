"""No door leads out of the hub past the log: every route under /fhir and /access leaves an entry, whatever becomes of it."""

import pytest
from starlette.routing import Route

from hub.api.access import access_router
from hub.api.edge import Otherwise
from hub.api.fhir import fhir_routes

OPEN = {
    ("/fhir/metadata", "GET"): "what the hub can do",
    ("/fhir/.well-known/smart-configuration", "GET"): "where to sign in",
    ("/.well-known/smart-configuration", "GET"): "where to sign in",
    ("/fhir", "otherwise"): "a method that no path has, or a path that is none",
    ("/fhir/{rest:path}", "otherwise"): "likewise",
}
"""Routes that hold nothing of anybody, and what they tell."""
FILLED = {"type": "Observation", "id": "x", "patient": "x", "version": "1"}


def doors(house):
    """(path, method) of every route."""
    for route in (*fhir_routes(house.running.edge, "0", dict), *access_router(house.running.edge).routes):
        assert isinstance(route, Route)
        if isinstance(route.endpoint, Otherwise):
            if not route.methods:
                yield route.path, "otherwise"
            continue
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield route.path, method


def test_every_route_leaves_an_entry_or_is_known_to_hold_nothing(light, kit):
    found, silent = set(), []
    for path, method in doors(light):
        found.add((path, method))
        if (path, method) in OPEN:
            continue
        before = len(light.log())
        answer = light.do(method, path.format(**FILLED), "doctor", json={})
        left = light.log()[before:]
        if not left or left[0].get("who", {}).get("subject") != kit.E1:
            silent.append((method, path, answer.status_code, left))
    assert silent == []
    assert OPEN.keys() <= found
    assert len(found) > 40


@pytest.mark.parametrize(("path", "method"), [("/fhir/metadata", "GET"), ("/fhir/.well-known/smart-configuration", "GET")])
def test_what_holds_nothing_needs_no_entry(light, path, method):
    before = len(light.log())
    assert light.do(method, path).status_code == 200
    assert len(light.log()) == before
