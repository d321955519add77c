"""python -m tools.definitions PACKAGE.tgz: write every table."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.discovery import plugins
from tools.definitions.package import Table, read

FOLDER = Path(__file__).parents[2] / "hub" / "fhir" / "definitions"


def text(table: Mapping[str, Any]) -> str:
    """A table as it is written: compact, one member a line, so that a change of it can be read."""
    rows = (f"{json.dumps(name)}:{json.dumps(row, ensure_ascii=False, separators=(',', ':'))}" for name, row in table.items())
    return "{\n" + ",\n".join(rows) + "\n}\n"


def main(archive: Path) -> None:
    package = read(archive)
    for each in plugins("tools.definitions", Table):
        (FOLDER / f"{each.name}.json").write_text(text(each.make(package)), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
