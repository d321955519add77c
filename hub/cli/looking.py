"""Looking after a hub: its sources, and the messages that came."""

import asyncio
import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from hub.cli._common import LookedAt, console, looked_at, noted, opened, plainly, stop
from hub.config import Config

if TYPE_CHECKING:
    from hub.fhir.identifiers import Identifier

source = typer.Typer(help="Sources: what is configured, and whether it works.", no_args_is_help=True)
message = typer.Typer(help="Source messages as they came, and what became of them.", no_args_is_help=True)


@source.command("list")
def source_list(config: LookedAt = None) -> None:
    """The configured sources."""
    table = Table("name", "kind", "owner", "address", "contracts", "asked again after")
    for each in looked_at(config).sources:
        table.add_row(each.name, each.kind, each.owner, each.address, ", ".join(each.contracts), f"{each.max_age:g} s")
    console.print(table)


@source.command("check")
def source_check(
    name: str,
    config: LookedAt = None,
    patient: Annotated[str, typer.Option(help="Personal number to ask about; a published test number if not given.")] = "",
) -> None:
    """Try a source step by step: name, TLS, answer, schema, a patient. To ask about somebody leaves an entry in the log."""
    from hub.app import checks
    from hub.fhir.identifiers import InvalidNumber, personal_number

    whole = looked_at(config)
    held = next((each for each in whole.sources if each.name == name), None)
    if held is None:
        stop("no source has that name: see `hub source list`")
    try:
        number = personal_number(patient, datetime.now(UTC).date()) if patient else None
    except InvalidNumber as fault:
        stop(f"not a personal number: {fault}")
    if number:
        _noted_question(config, whole, name, number)

    async def run() -> bool:
        right = True
        async for step in checks(held, number):
            mark = "[green]ok  [/]" if step.passed else "[red]FAIL[/]"
            console.print(f"{mark} {step.name}: {step.what}" + (f"\n     → {step.advice}" if step.advice else ""))
            right = right and step.passed
        return right

    raise typer.Exit(0 if asyncio.run(run()) else 1)


def _noted_question(config: Path | None, held: Config, source: str, number: "Identifier") -> None:
    """What a source answers about somebody is shown to whoever asks: the entry is made first, in that patient's list."""
    from hub import keys as key_files
    from hub.store import patients

    with opened(config) as database, plainly():
        pk = patients.find(database.reader(), key_files.load(held.data).identity, number)
        noted(database, held, "check-source", pk or 0, source=source)


@source.command("forget")
def source_forget(
    name: Annotated[str, typer.Argument(help="A security service that is no longer configured.")], config: LookedAt = None
) -> None:
    """End the consents, blocks and relations that a security service has told of, now that it is not asked any more."""
    from hub.store.forgetting import forget

    held = looked_at(config)
    if any(each.name == name for each in held.sources):
        stop("that source is configured: take it out of hub.toml first")
    with opened(config) as database:
        noted(database, held, "forget-service", source=name)
        console.print(f"{forget(database, name, datetime.now(UTC))} grounds ended")


@message.command("list")
def message_list(
    config: LookedAt = None,
    withheld: Annotated[bool, typer.Option("--withheld", help="Only those that lack custody.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were mapped in full.")] = False,
    source: Annotated[str, typer.Option(help="Only those of this source.")] = "",
    status: Annotated[str, typer.Option(help="Only those of this status, such as unmappable.")] = "",
    count: Annotated[int, typer.Option(help="How many of the newest.", min=1)] = 200,
) -> None:
    """Messages that could not be mapped in full, or lack custody."""
    from hub.store import messages

    if withheld + everything + bool(status) > 1:
        stop("--withheld, --all and --status each say which: give one of them")
    if status and status not in messages.STATUSES:
        stop(f"a status is one of {', '.join(messages.STATUSES)}")
    wanted = ("withheld",) if withheld else (status,) if status else () if everything else messages.UNWELL
    with opened(config) as store:
        if source:
            _check_source(source, {each.name for each in looked_at(config).sources} | messages.sources(store.reader()))
        found, of = messages.listed(store.reader(), wanted, source, count, messages.UNPLACED if withheld else "")
    table = Table("id", "received", "source", "format", "status", "problems")
    for each in found:
        received = each.received.astimezone().strftime("%Y-%m-%d %H:%M")
        table.add_row(each.id[:12], received, each.source, each.format, each.status, str(each.problems))
    console.print(table)
    if of > len(found):
        console.print(f"the newest {len(found)} of {of}: --count shows more")


def _check_source(name: str, known: set[str]) -> None:
    if name not in known:
        stop(f"no source has that name; there are {', '.join(sorted(known)) or 'none'}")


@message.command("show")
def message_show(
    id: str,
    config: LookedAt = None,
    content: Annotated[bool, typer.Option("--content", help="The bytes as they came, to standard output.")] = False,
) -> None:
    """What became of a message: places and problems; with --content its bytes."""
    from hub.store import messages

    with opened(config) as store:
        held = messages.get(store.reader(), id)
        if held is None:
            stop("no message has that id, or more than one begins so")
        noted(store, looked_at(config), "read-message", held.pk, message=held.id, content=content)
    if content:
        sys.stdout.buffer.write(held.message.content)
        return
    console.print(
        f"{held.id}  {held.status}\nsource {held.message.source}, format {held.message.format}, {len(held.message.content)} bytes"
    )
    console.print_json(data=held.report)


@message.command("retry")
def message_retry(id: str, config: LookedAt = None) -> None:
    """Take a message in again, with today's mappers and configuration."""
    from hub.app import put_together
    from hub.ingest import Ingested, described, retry
    from hub.interactions.logbook import operated

    with opened(config), plainly():  # there is a database
        running = put_together(looked_at(config))

    async def again() -> Ingested | None:
        try:
            await running.hub.store.commit(operated(getpass.getuser(), "retry-message", message=id))
            done = await running.hub.store(retry, running.hub, id)
            for number in done.strangers if done else ():
                await running.refresher.identify(number)
            return await running.hub.store(retry, running.hub, id) if done and done.strangers else done
        finally:
            await running.stop()

    done = asyncio.run(again())
    if done is None:
        stop("no message has that id, or more than one begins so")
    console.print_json(data=dict(described(done)))
