"""No door leads out of the hub past the log: every route leaves an entry, whatever becomes of it, or holds nothing of anybody.

Refusals that have no entry of their own are told of in one an interval, which counts them.
"""

import httpx
import pytest
from sqlalchemy import create_engine, text
from starlette.routing import Mount, Route

CAN = "what the hub can do, and where to sign in"
PAGE = "a form, or where to sign in: nothing of anybody"
FILE = "a style sheet, script or picture"
OPEN = {
    ("/fhir/metadata", "GET"): CAN,
    ("/fhir/.well-known/smart-configuration", "GET"): CAN,
    ("/.well-known/smart-configuration", "GET"): CAN,
    ("/openapi.json", "GET"): CAN,
    ("/health/live", "GET"): "whether the process is alive",
    ("/health/ready", "GET"): "whether database and sources answer",
    ("/metrics", "GET"): "counts, to who runs the hub",
    ("/auth/.well-known/openid-configuration", "GET"): CAN,
    ("/auth/.well-known/smart-configuration", "GET"): CAN,
    ("/auth/jwks", "GET"): "public keys",
    ("/auth/signin.css", "GET"): FILE,
    ("/favicon.ico", "GET"): FILE,
    ("/portal/portal.css", "GET"): FILE,
    ("/portal/portal.js", "GET"): FILE,
    ("/portal/icon.svg", "GET"): FILE,
    ("/", "GET"): PAGE,
    ("/sok", "GET"): PAGE,
    ("/min", "GET"): PAGE,
    ("/logga-ut", "POST"): "ends no session: nobody has signed in",
    ("/patient/{handle}", "GET"): PAGE,
    ("/patient/{handle}/atkomst", "GET"): PAGE,
    ("/patient/{handle}/nod", "GET"): PAGE,
}
"""Routes that leave no entry, asked by somebody who has not signed in at the portal, and what they tell."""
FILLED = {"type": "Observation", "id": "x", "patient": "x", "version": "1", "handle": "x", "rest": "x"}


@pytest.fixture(scope="module")
def whole(kit, tmp_path_factory):
    """A hub with all its doors: API, authorization server, portal."""
    folder = tmp_path_factory.mktemp("whole")
    house = kit.House(f"sqlite:///{folder / 'hub.db'}", folder, portal_issuer=f"{kit.BASE}/auth")
    yield house
    house.close()


def inner(house):
    """The application within all that every request passes."""
    app = house.running.app
    while hasattr(app, "_app"):
        app = app._app
    return app


def doors(house):
    """(path, method) of every route that the application has."""

    def of(routes, prefix=""):
        for route in routes:
            within = getattr(route, "original_router", route)  # of a router that FastAPI includes
            if isinstance(route, Mount) or within is not route:
                yield from of(within.routes, prefix + getattr(route, "path", ""))
                continue
            assert isinstance(route, Route), route
            methods = {"OPTIONS"} if route.methods is None else route.methods - {"HEAD"}
            yield from ((prefix + route.path, method) for method in sorted(methods))

    return list(of(inner(house).others.router.routes))


def left(house, ask):
    """The answer, and what the log holds of it once the interval is over."""
    house.run(house.running.edge.refusals.flush())
    before = len(house.log())
    answer = ask()
    house.run(house.running.edge.refusals.flush())
    return answer, house.log()[before:]


def test_every_route_leaves_an_entry_or_is_known_to_hold_nothing(whole, kit):
    found, silent = doors(whole), {}
    assert len(found) == len(set(found)) > 100
    for path, method in found:
        filled = path.replace(":path", "").format(**FILLED)
        answer, entries = left(whole, lambda m=method, p=filled: whole.do(m, p, "doctor", json={}))
        assert answer.status_code < 500, (method, path, answer.text)
        if not entries:
            silent[path, method] = answer.status_code
        elif path.startswith(("/fhir", "/access")) and answer.status_code != 405 and method != "OPTIONS":
            assert entries[0].get("who", {}).get("subject") == kit.E1, (method, path, answer.status_code, entries)
    assert set(silent) == set(OPEN)
    assert set(silent.values()) <= {200, 303}


SECRET = "kanarie"  # what no log may hold
ODD = (
    (404, "unmatched", "GET", f"/{SECRET}", {}),
    (404, "/access/{rest}", "GET", f"/access/{SECRET}", {}),
    (404, "/fhir/{rest}", "GET", f"/fhir/a/b/c/d/{SECRET}", {}),
    (404, "unmatched", "GET", f"/auth/{SECRET}", {}),
    (405, "/fhir/metadata", "DELETE", "/fhir/metadata", {}),
    (405, "/access/{rest}", "PUT", f"/access/relations/{SECRET}", {}),
    (405, "/health/live", "POST", "/health/live", {}),
    (406, "/fhir/metadata", "GET", f"/fhir/metadata?_format={SECRET}", {}),
    (413, "unmatched", "POST", f"/fhir/{SECRET}", {"headers": {"content-length": "999999999999"}}),
    (415, "unmatched", "POST", f"/fhir/{SECRET}", {"headers": {"content-encoding": "gzip"}, "content": b"x"}),
    (403, "/metrics", "GET", "/metrics", {"headers": {"x-forwarded-for": SECRET}}),
    (403, "/sok", "POST", "/sok", {"data": {"number": SECRET}}),
    (400, "/auth/authorize", "GET", f"/auth/authorize?client_id={SECRET}", {}),
)


@pytest.mark.parametrize(("status", "route", "method", "path", "more"), ODD, ids=str)
def test_what_is_refused_before_anybody_looks_is_counted_by_route_and_status_alone(whole, status, route, method, path, more):
    answer, [entry] = left(whole, lambda: whole.do(method, path, **more))
    assert answer.status_code == status, answer.text
    [row] = entry["rows"]
    assert (entry["action"], entry["rules"], row["count"]) == ("refusals", [], 1)
    assert row["reason"].startswith(f"{status} {route}")
    assert SECRET not in str(entry)


def test_without_a_token_that_holds_it_is_the_first_rule_that_refuses(whole):
    _, [entry] = left(whole, lambda: whole.get("/fhir/Observation"))
    assert (entry["rules"], [(row["rule"], row["count"]) for row in entry["rows"]]) == (["R01"], [("R01", 1)])


def test_what_fails_outside_of_every_route_is_counted(light, monkeypatch):
    async def breaks(*_):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(type(inner(light)), "__call__", breaks)

    def ask():
        with pytest.raises(RuntimeError):
            light.get("/fhir/Observation", "doctor")

    _, [entry] = left(light, ask)
    assert [row["reason"] for row in entry["rows"]] == ["500 unmatched"]
    assert SECRET not in str(entry)


def test_what_a_batch_asks_of_no_door_is_counted_with_who_asked(light, kit):
    entries = [{"request": {"method": "GET", "url": "a/b/c/d/e"}}, {"request": {"method": "GET", "url": "Practitioner"}}]
    batch = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    _, held = left(light, lambda: light.post("/fhir", "doctor", resource=batch))
    assert [each["action"] for each in held] == ["search", "refusals"]
    assert [(row["who"], row["count"]) for row in held[1]["rows"]] == [(kit.E1, 1)]


def test_refusals_for_load_cost_one_entry_an_interval_and_name_who(kit, tmp_path):
    house = kit.House(f"sqlite:///{tmp_path / 'hub.db'}", tmp_path, identifier_rate_per_minute=2)
    try:
        number = house.enroll().number

        def ask():
            return [house.post("/fhir/Patient/_search", "doctor", data={"identifier": str(number)}).status_code for _ in range(9)]

        answers, held = left(house, ask)
        assert answers.count(429) == 7
        assert [each["action"] for each in held] == ["search", "search", "refusals"]
        assert [(row["who"], row["count"]) for row in held[-1]["rows"]] == [(kit.E1, 7)]
    finally:
        house.close()


def test_what_could_not_be_logged_is_counted_and_told_when_the_log_is_there_again(house):
    engine = create_engine(house.url)

    def renamed(one, other):
        with engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {one} RENAME TO {other}"))

    def ask():
        renamed("audit", "audit_gone")
        answers = [house.get("/fhir/Observation/x", "doctor").status_code for _ in range(3)]
        house.run(house.running.edge.refusals.flush())
        renamed("audit_gone", "audit")
        return answers

    answers, [entry] = left(house, ask)
    assert answers == [503] * 3
    assert [(row["who"], row["count"]) for row in entry["rows"]] == [("SE2321990018-E1", 3)]
    engine.dispose()


def test_refusals_count_what_a_client_address_asked(light, kit):
    async def ask(address):
        through = httpx.ASGITransport(light.running.app, client=(address, 1))
        async with httpx.AsyncClient(transport=through, base_url=kit.BASE) as http:
            return (await http.get("/nothing")).status_code

    _, [entry] = left(light, lambda: [light.run(ask(each)) for each in ("192.0.2.1", "192.0.2.9", "198.51.100.1")])
    assert [(row["network"], row["count"]) for row in entry["rows"]] == [("192.0.2.0/24", 2), ("198.51.100.0/24", 1)]
