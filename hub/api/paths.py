"""From a path to its route by the parts between the slashes: one look into a table, where Starlette tries pattern after pattern.

The routes are Starlette's, and whatever is no plain path of parts is left to its own router.
"""

from collections.abc import Sequence
from typing import NamedTuple

from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send


class _Plain(NamedTuple):
    """A route whose parts are literal, or a parameter that takes the whole part."""

    places: tuple[int, ...]
    literals: list[str]
    names: tuple[tuple[int, str], ...]
    route: Route


class Paths:
    """State: none but the table, written once. In it the routes stand as they were given: the first that fits answers."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._otherwise = Router(routes, redirect_slashes=False)
        self._table: dict[tuple[str, int], list[_Plain]] = {}
        for route in routes:
            parts = route.path.split("/")
            names = tuple((at, part[1:-1]) for at, part in enumerate(parts) if part[:1] == "{")
            if any(":" in name for _, name in names):
                break  # it takes any number of parts, and what stands after it only what it leaves
            places = tuple(at for at, part in enumerate(parts) if part[:1] != "{")
            plain = _Plain(places, [parts[at] for at in places], names, route)
            for method in route.methods or ():
                self._table.setdefault((method, len(parts)), []).append(plain)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = scope["path"].split("/")
        for places, literals, names, route in self._table.get((scope["method"], len(parts)), ()):
            if [parts[at] for at in places] == literals and "" not in parts[1:]:
                scope["path_params"] = {name: parts[at] for at, name in names}
                scope["route"] = route
                await route.app(scope, receive, send)
                return
        await self._otherwise(scope, receive, send)
