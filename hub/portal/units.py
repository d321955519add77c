"""Exact factors between units of one kind, by UCUM's prefixes alone. What is not exact is not converted. Pure."""

from decimal import Decimal

PREFIXES = {"k": 3, "": 0, "d": -1, "c": -2, "m": -3, "u": -6, "µ": -6, "μ": -6, "n": -9, "p": -12, "f": -15}
BASES = ("mol", "g", "L", "l", "m", "s", "Pa", "Hz", "kat")


def convert(value: Decimal, unit: str, into: str) -> Decimal | None:
    """`value` in another unit, exactly; None where no power of ten leads there."""
    if unit == into:
        return value
    one, other = _parts(unit), _parts(into)
    if one is None or other is None or one[1] != other[1]:
        return None
    return value.scaleb(one[0] - other[0])


def _parts(unit: str) -> tuple[int, tuple[str, ...]] | None:
    """The power of ten of a unit, and what it is of: `mg/L` is (-3, (g, L)); None: it has another form."""
    over = unit.split("/")
    if len(over) > 2:
        return None
    power, kinds = 0, []
    for sign, part in zip((1, -1), over, strict=False):
        found = _prefixed(part)
        if found is None:
            return None
        power += sign * found[0]
        kinds.append(found[1])
    return power, tuple(kinds)


def _prefixed(part: str) -> tuple[int, str] | None:
    for base in BASES:
        prefix = part.removesuffix(base)
        if part.endswith(base) and prefix in PREFIXES:
            return PREFIXES[prefix], "L" if base == "l" else base
    return None
