"""Places on the earth and how far they are from each other. http://hl7.org/fhir/R4/location.html#search"""

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from hub.errors import InvalidRequest

RADIUS = 6371.0088
"""Kilometres: the mean radius of WGS84's ellipsoid."""
NEAR = 10.0
"""Kilometres, where no distance is asked for: R4 leaves it to the server."""
_KILOMETRES: Mapping[str, float] = MappingProxyType(
    {"km": 1.0, "m": 0.001, "[mi_us]": 1.609347218694, "[mi_i]": 1.609344, "[nmi_i]": 1.852, "[ft_i]": 0.0003048}
)
"""UCUM units of length."""
_NUMBER = re.compile(r"[+-]?\d{1,6}(?:\.\d{1,12})?", re.ASCII)


class Position(NamedTuple):
    """Degrees, WGS84."""

    latitude: float
    longitude: float


class Around(NamedTuple):
    """What is no farther than `kilometres` from a place."""

    middle: Position
    kilometres: float

    def holds(self, place: Position) -> bool:
        return distance(self.middle, place) <= self.kilometres


def distance(one: Position, other: Position) -> float:
    """Kilometres along a great circle."""
    up, down = math.radians(one.latitude), math.radians(other.latitude)
    across = math.radians(other.longitude - one.longitude)
    half = math.sin((down - up) / 2) ** 2 + math.cos(up) * math.cos(down) * math.sin(across / 2) ** 2
    return 2 * RADIUS * math.asin(min(1.0, math.sqrt(half)))


def around(written: str, place: str) -> Around:
    """What `latitude|longitude|distance|units` asks for; without units kilometres.

    Raises: InvalidRequest.
    """
    parts = written.split("|")
    if not 2 <= len(parts) <= 4 or not all(_NUMBER.fullmatch(each.replace(" ", "+")) for each in parts[:2]):
        raise InvalidRequest("is written latitude|longitude|distance|units, in degrees of WGS84", place)
    latitude, longitude = (float(each.replace(" ", "+")) for each in parts[:2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise InvalidRequest("a latitude is at most 90 degrees, a longitude 180", place)
    asked, unit = [*parts[2:], "", ""][:2]
    if asked and (not _NUMBER.fullmatch(asked) or asked.startswith("-")):
        raise InvalidRequest("a distance is a number that is not negative", place)
    if asked and unit and unit not in _KILOMETRES:
        raise InvalidRequest(f"a distance is in {', '.join(_KILOMETRES)}", place)
    far = float(asked) * _KILOMETRES[unit or "km"] if asked else NEAR
    return Around(Position(latitude, longitude), far)


def position_of(location: Mapping[str, Any]) -> Position | None:
    """Where a Location is; None: it does not say."""
    held = location.get("position")
    latitude, longitude = (held.get(name) for name in Position._fields) if isinstance(held, dict) else (None, None)
    if not isinstance(latitude, int | Decimal) or not isinstance(longitude, int | Decimal):
        return None
    return Position(float(latitude), float(longitude))
