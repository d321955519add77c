"""What is measured against what: budgets of DESIGN section 8, and the table that is printed and kept."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

BUDGETS = {
    ("read by id", "sqlite"): 250.0,
    ("search of 50", "sqlite"): 900.0,
    ("read by id", "postgresql"): 700.0,
    ("search of 50", "postgresql"): 2000.0,
    ("create, validated", "sqlite"): 1000.0,
    ("create, validated", "postgresql"): 1000.0,
    ("consent, of a read", "sqlite"): 1.10,
    ("consent, of a search", "sqlite"): 1.10,
    ("consent, of a read", "postgresql"): 1.10,
    ("consent, of a search", "postgresql"): 1.10,
    ("RIV-TA laboratory, stored, a result", "sqlite"): 300.0,
    ("HL7 v2 ORU, 20 OBX, mapped", ""): 400.0,
    ("one source hangs: after the deadline", "sqlite"): 50.0,
    ("start to first answer", "sqlite"): 2.5,
    ("memory at idle", "sqlite"): 200.0,
    ("search, 16 times the patients", "sqlite"): 1.5,
    ("search, 64 times the patients", "sqlite"): 1.5,
    ("log: 1e+07 by 1e+03, remembered", "sqlite"): 1.5,
    ("log: 1e+07 by 1e+03, remembered", "postgresql"): 1.5,
    ("log: 1e+07 by 1e+03, of another day", "sqlite"): 1.5,
    ("log: 1e+07 by 1e+03, of another day", "postgresql"): 1.5,
}
"""(what, database) -> the most it may be, in the unit of its row."""


@dataclass(frozen=True, slots=True)
class Result:
    """One measured value: the median of its rounds, and the least."""

    what: str
    value: float
    unit: str
    least: float
    database: str = ""

    @property
    def budget(self) -> float | None:
        return BUDGETS.get((self.what, self.database))


def written(results: Sequence[Result], about: str) -> str:
    """The table."""
    lines = [about, "", f"{'what':<38}{'database':<12}{'median':>10}{'least':>10}  {'unit':<8}{'budget':>8}{'ratio':>8}"]
    for each in results:
        budget, ratio = "", ""
        if each.budget is not None:
            budget, ratio = f"{each.budget:g}", f"{each.value / each.budget:.2f}"
        values = f"{_short(each.value):>10}{_short(each.least):>10}"
        lines.append(f"{each.what:<38}{each.database:<12}{values}  {each.unit:<8}{budget:>8}{ratio:>8}")
    return "\n".join(lines)


def keep(folder: Path, name: str, results: Sequence[Result], about: str) -> Path:
    """Write the table and the values beside each other; gives the path of the table."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({"about": about, "results": [asdict(each) for each in results]}, indent=1))
    path = folder / f"{name}.txt"
    path.write_text(written(results, about) + "\n", "utf-8")
    return path


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"
