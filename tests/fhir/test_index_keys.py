"""Numbers as texts: the texts have the order of the numbers, with room beside each."""

from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.fhir.index_keys import LEAST, MOST, decimal_text

NUMBERS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e300"), max_value=Decimal("1e300")),
    st.integers(-1000, 1000).map(Decimal),
    st.builds(lambda digits, power: Decimal(digits).scaleb(power), st.integers(-99, 99), st.integers(-30, 30)),
)


@settings(max_examples=2_000, deadline=None, derandomize=True)
@given(NUMBERS, NUMBERS)
def test_texts_have_the_order_of_the_numbers(one, other):
    first, second = decimal_text(one), decimal_text(other)
    assert (first < second, first == second) == (one < other, one == other)
    assert LEAST < decimal_text(one, -1) < first < decimal_text(one, 1) < MOST
    if one < other:
        assert decimal_text(one, 1) < decimal_text(other, -1)


def test_digits_beyond_any_float_are_told_apart():
    written = [
        "-1e400",
        "-5.0000000000000000000000000001",
        "-5",
        "-1e-400",
        "0",
        "1e-400",
        "0.1",
        "0.10000000000000000000000001",
        "1e400",
    ]
    assert all(decimal_text(Decimal(one)) < decimal_text(Decimal(other)) for one, other in pairwise(written))


def test_trailing_zeros_do_not_count():
    assert decimal_text(Decimal("5.400")) == decimal_text(Decimal("54e-1")) == decimal_text(Decimal("5.4"))
    assert decimal_text(Decimal("0.00")) == decimal_text(Decimal("-0")) == decimal_text(Decimal(0))
