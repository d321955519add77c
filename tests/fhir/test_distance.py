"""How far places are from each other, and what `near` asks for. http://hl7.org/fhir/R4/location.html#search"""

from decimal import Decimal

import pytest

from hub.errors import InvalidRequest
from hub.fhir.distance import NEAR, Around, Position, around, distance, position_of

STOCKHOLM, GOTHENBURG = Position(59.3293, 18.0686), Position(57.7089, 11.9746)


@pytest.mark.parametrize(
    ("one", "other", "kilometres"),
    [
        (STOCKHOLM, STOCKHOLM, 0),
        (STOCKHOLM, GOTHENBURG, 396.9),
        (Position(0, 0), Position(0, 1), 111.2),
        (Position(60, 0), Position(60, 1), 55.6),
        (Position(0, 179.5), Position(0, -179.5), 111.2),
        (Position(90, 0), Position(-90, 0), 20015.1),
        (Position(90, 10), Position(90, -170), 0),
    ],
)
def test_a_distance_is_along_a_great_circle(one, other, kilometres):
    assert distance(one, other) == pytest.approx(kilometres, abs=0.2)
    assert distance(other, one) == pytest.approx(distance(one, other))


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("59.3|18.1|5|km", Around(Position(59.3, 18.1), 5)),
        ("59.3|18.1|5", Around(Position(59.3, 18.1), 5)),
        ("59.3|18.1|5|", Around(Position(59.3, 18.1), 5)),
        ("59.3|18.1", Around(Position(59.3, 18.1), NEAR)),
        ("59.3|18.1||km", Around(Position(59.3, 18.1), NEAR)),
        ("-33.9|+151.2|500|m", Around(Position(-33.9, 151.2), 0.5)),
        ("-33.9| 151.2|0|m", Around(Position(-33.9, 151.2), 0)),
        ("1|2|1|[mi_us]", Around(Position(1, 2), 1.609347218694)),
        ("1|2|1|[mi_i]", Around(Position(1, 2), 1.609344)),
    ],
)
def test_what_near_asks_for(written, asked):
    assert around(written, "near") == asked


@pytest.mark.parametrize(
    "written", ["", "1", "1|2|3|km|x", "a|b", "91|0", "0|181", "1|2|-3", "1|2|x", "1|2|3|parsec", "1e3|2", "|"]
)
def test_what_near_does_not_ask_for_is_refused(written):
    with pytest.raises(InvalidRequest) as told:
        around(written, "near")
    assert told.value.place == "near"


@pytest.mark.parametrize(
    ("held", "place"),
    [
        ({"position": {"latitude": Decimal("59.3293"), "longitude": Decimal("18.0686")}}, STOCKHOLM),
        ({"position": {"latitude": 1, "longitude": 2, "altitude": 3}}, Position(1, 2)),
        ({"position": {"latitude": 1}}, None),
        ({"position": {"latitude": "1", "longitude": 2}}, None),
        ({"position": 1}, None),
        ({}, None),
    ],
)
def test_where_a_location_is(held, place):
    assert position_of(held) == place
