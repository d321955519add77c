"""Information types that a block may leave open, and the categories of entries each means. The one table of it.

`lak` is "ordinations and prescriptions of medicines", `upp` alert information: as the national blocking service has them.
Vaccinations (`caa-gvh`) are neither. A type not listed here is never taken as excluded. CONSENT.md section 5.
"""

from collections.abc import Iterable, Mapping

EXCLUDABLE: Mapping[str, tuple[str, ...]] = {
    "lak": ("lak", "caa-gmh"),
    "upp": ("upp",),
}


def left_open(excluded: Iterable[str]) -> tuple[str, ...]:
    """Categories of entries that a block with these exclusions does not close."""
    return tuple(sorted({category for name in excluded for category in EXCLUDABLE.get(name, ())}))
