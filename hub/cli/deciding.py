"""`hub consent decide`: worked cases, by the one function that decides."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.cli._common import plainly, stop

consent = typer.Typer(help="Decisions.", no_args_is_help=True)


@consent.command("decide")
def consent_decide(file: Annotated[Path, typer.Argument(help="Facts in the form of consent-cases.json.")]) -> None:
    """Decide each case of a file; prints id, outcome and rule, a line each."""
    from hub.consent.cases import cases
    from hub.errors import HubError

    with plainly(f"{file}: "):
        held = json.loads(file.read_bytes())
        if not isinstance(held, dict):
            raise ValueError("not an object with base and cases")
        try:
            for case in cases(held):
                outcome, rule = case.decided()
                sys.stdout.write(f"{case.id} {outcome} {rule}\n")
        except HubError as fault:
            stop(f"{file}: {fault.place}: {fault.problem}")
