"""`hub demo`, and what is asked of a demo that runs: its personas, their tokens, and a source that misbehaves."""

import asyncio
import os
import sys
from typing import Annotated

import typer
from rich.table import Table

from hub.cli._common import console, plainly, stop

demo = typer.Typer(help="The hub with simulated sources, on loopback.", invoke_without_command=True)


@demo.callback()
def demo_run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Ask every question of the scenario, check the answers, and end.")] = False,
) -> None:
    """Run the hub with simulated sources, on loopback. HUB_PORT chooses the port, HUB_DATABASE_URL a PostgreSQL database."""
    if context.invoked_subcommand:
        return
    with plainly():
        from hub.demo import showing
        from hub.demo.folder import port_of

        run = showing.run_once if once else showing.run
        right = asyncio.run(run(port_of(), os.environ.get("HUB_DATABASE_URL", ""), console))
    raise typer.Exit(0 if right else 1)


@demo.command("trouble")
def demo_trouble(
    source: Annotated[str, typer.Argument(help="A source that is asked, as `hub source list` has it.")],
    kind: Annotated[str, typer.Argument(help="hang, down, wrong, fault, error, html or truncated.")],
    seconds: Annotated[float, typer.Option(help="How long it hangs.")] = 5.0,
) -> None:
    """Have a simulated source of the running demo misbehave, until it is mended."""
    _tell_demo(source, kind, seconds)


@demo.command("mend")
def demo_mend(source: str) -> None:
    """Have a simulated source of the running demo answer as it should again."""
    _tell_demo(source, "none", 0)


def _tell_demo(source: str, kind: str, seconds: float) -> None:
    from hub.demo.control import Misunderstood, tell
    from hub.demo.folder import NotRunning, port_of, running

    try:
        with plainly():
            tell(running(port_of()).data, source, kind, seconds)
    except (Misunderstood, NotRunning) as fault:
        stop(str(fault))


def personas(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Who there is in the demo."""
    from hub.demo import personas as people

    if as_json:
        sys.stdout.write(people.as_json() + "\n")
        return
    table = Table("name", "title", "kind", "unit", "purpose", "scopes")
    for one in people.listed():
        purpose = f"{one['purpose']} {one['scope']}".strip()
        table.add_row(one["name"], one["title"], one["kind"], one["unit"], purpose, one["scopes"])
    console.print(table)


def token(name: Annotated[str, typer.Argument(help="As `hub personas` has it.")]) -> None:
    """Print an access token of a persona for the running demo."""
    from datetime import date

    from hub.demo import signing
    from hub.demo.folder import NotRunning, port_of, running
    from hub.demo.world.build import build

    try:
        with plainly():
            sys.stdout.write(signing.token(running(port_of()), build(date.today()), name) + "\n")
    except NotRunning as fault:
        stop(str(fault))
    except KeyError as fault:
        stop(str(fault.args[0]))
