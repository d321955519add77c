"""The command `hub`: run it, look after its sources and messages, read and verify its log."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from hub import config as configuration
from hub.config import Config

main = typer.Typer(
    help="Samsyn: a FHIR R4 hub for Swedish care.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
source = typer.Typer(help="Sources: what is configured, and whether it works.", no_args_is_help=True)
message = typer.Typer(help="Source messages as they came, and what became of them.", no_args_is_help=True)
audit = typer.Typer(help="The access log.", no_args_is_help=True)
consent = typer.Typer(help="Decisions.", no_args_is_help=True)
keys = typer.Typer(help="The hub's secret keys.", no_args_is_help=True)
for name, group in {"source": source, "message": message, "audit": audit, "consent": consent, "keys": keys}.items():
    main.add_typer(group, name=name)
console = Console()

ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", help="hub.toml; HUB_CONFIG if not given.")]
DEMO_PORT = 8000


def _config(path: Path | None) -> Config:
    demo = Path("var") / "demo" / "hub.toml"
    if path is None and not os.environ.get("HUB_CONFIG") and demo.is_file():
        path = demo  # a demo is running, or ended without tidying up
    try:
        return configuration.read(path)
    except (OSError, ValueError) as fault:
        raise typer.BadParameter(str(fault)) from None


@main.command()
def serve(config: ConfigFile = None) -> None:
    """Run the hub as configured."""
    import uvicorn

    from hub import observe
    from hub.app import put_together
    from hub.tls import server_context

    held = _config(config)
    try:
        running = put_together(held)
    except FileNotFoundError:
        _stop(f"there are no keys in {held.data}: make them once with `hub keys create`, and keep a copy of the file")
    observe.install(running.log)
    context = server_context(held.tls_cert, held.tls_key) if held.tls_cert else None
    factory: Callable[..., Any] | None = (lambda *_: context) if context else None
    uvicorn.run(
        running.app,
        host=held.host,
        port=held.port,
        access_log=False,
        log_config=None,
        server_header=False,
        ssl_context_factory=factory,
    )


@keys.command("create")
def keys_create(config: ConfigFile = None) -> None:
    """Make the keys that ids and cursors are made with; never a second time."""
    from hub import keys as key_files

    folder = _config(config).data
    try:
        key_files.create(folder)
    except FileExistsError:
        _stop("there are keys already; they are never replaced")
    console.print(f"made {folder / key_files.FILE}: keep a copy; without it every id is lost")


@main.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Ask every question of the scenario, check the answers, and end.")] = False,
) -> None:
    """Run the hub with simulated sources, on loopback."""
    from hub.demo import showing

    port = int(os.environ.get("HUB_PORT", DEMO_PORT))
    database_url = os.environ.get("HUB_DATABASE_URL", "")
    try:
        right = asyncio.run(showing.run_once(port, database_url, console) if once else showing.run(port, database_url, console))
    except OSError as fault:
        _stop(str(fault))
    raise typer.Exit(0 if right else 1)


@main.command()
def personas(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Who there is in the demo."""
    from hub.demo import personas as people

    if as_json:
        sys.stdout.write(people.as_json() + "\n")
        return
    table = Table("name", "kind", "unit", "purpose", "scopes")
    for one in people.listed():
        table.add_row(one["name"], one["kind"], one["unit"], f"{one['purpose']} {one['scope']}".strip(), one["scopes"])
    console.print(table)


@main.command()
def token(name: str) -> None:
    """Print an access token of a persona for the running demo."""
    from hub.demo import running

    try:
        sys.stdout.write(running.token_of_running(name) + "\n")
    except (KeyError, FileNotFoundError) as fault:
        _stop(str(fault.args[0] if isinstance(fault, KeyError) else "no demo is running here: start it with `hub demo`"))


@consent.command("decide")
def consent_decide(file: Annotated[Path, typer.Argument(help="Facts in the form of consent-cases.json.")]) -> None:
    """Decide each case of a file; prints id, outcome and rule, a line each."""
    from hub.consent.cases import cases
    from hub.errors import HubError

    try:
        for case in cases(json.loads(file.read_text("utf-8"))):
            outcome, rule = case.decided()
            sys.stdout.write(f"{case.id} {outcome} {rule}\n")
    except (OSError, ValueError) as fault:
        _stop(f"{file.name}: {fault}")
    except HubError as fault:
        _stop(f"{file.name}: {fault.place}: {fault.problem}")


@source.command("list")
def source_list(config: ConfigFile = None) -> None:
    """The configured sources."""
    table = Table("name", "kind", "owner", "address", "contracts", "asked again after")
    for each in _config(config).sources:
        table.add_row(each.name, each.kind, each.owner, each.address, ", ".join(each.contracts), f"{each.max_age:g} s")
    console.print(table)


@source.command("check")
def source_check(
    name: str,
    config: ConfigFile = None,
    patient: Annotated[str, typer.Option(help="Personal number to ask about; a published test number if not given.")] = "",
) -> None:
    """Try a source step by step: name, TLS, answer, schema, a patient."""
    from hub.app import checks
    from hub.fhir.identifiers import InvalidNumber, personal_number

    held = next((each for each in _config(config).sources if each.name == name), None)
    if held is None:
        _stop("no source has that name: see `hub source list`")
    try:
        number = personal_number(patient, datetime.now(UTC).date()) if patient else None
    except InvalidNumber as fault:
        _stop(f"not a personal number: {fault}")

    async def run() -> bool:
        right = True
        async for step in checks(held, number):
            mark = "[green]ok  [/]" if step.passed else "[red]FAIL[/]"
            console.print(f"{mark} {step.name}: {step.what}" + (f"\n     → {step.advice}" if step.advice else ""))
            right = right and step.passed
        return right

    raise typer.Exit(0 if asyncio.run(run()) else 1)


@message.command("list")
def message_list(
    config: ConfigFile = None,
    withheld: Annotated[bool, typer.Option("--withheld", help="Only those that lack custody.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were mapped in full.")] = False,
) -> None:
    """Messages that could not be mapped in full, or lack custody."""
    from hub.store import messages

    wanted = ("withheld",) if withheld else () if everything else ("partly", "withheld", "unmappable", "waiting")
    with _store(config) as store:
        table = Table("id", "received", "source", "format", "status", "problems")
        for each in messages.listed(store.reader(), wanted):
            problems = len(each.report.get("issues", ()))
            received = each.message.received.astimezone().strftime("%Y-%m-%d %H:%M")
            table.add_row(each.id[:12], received, each.message.source, each.message.format, each.status, str(problems))
        console.print(table)


@message.command("show")
def message_show(
    id: str,
    config: ConfigFile = None,
    content: Annotated[bool, typer.Option("--content", help="The bytes as they came, to standard output.")] = False,
) -> None:
    """What became of a message: places and problems; with --content its bytes."""
    from hub.store import messages

    with _store(config) as store:
        held = messages.get(store.reader(), id)
    if held is None:
        _stop("no message has that id, or more than one begins so")
    if content:
        sys.stdout.buffer.write(held.message.content)
        return
    console.print(
        f"{held.id}  {held.status}\nsource {held.message.source}, format {held.message.format}, {len(held.message.content)} bytes"
    )
    console.print_json(data=held.report)


@message.command("retry")
def message_retry(id: str, config: ConfigFile = None) -> None:
    """Take a message in again, with today's mappers and configuration."""
    from hub.app import put_together
    from hub.ingest import described, retry

    running = put_together(_config(config))
    try:
        done = retry(running.hub.store, running.hub, id)
    finally:
        running.hub.store.close()
    if done is None:
        _stop("no message has that id, or more than one begins so")
    console.print_json(data=dict(described(done)))


@audit.command("list")
def audit_list(
    config: ConfigFile = None,
    count: Annotated[int, typer.Option(help="How many of the newest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Whole entries, a line each.")] = False,
) -> None:
    """The newest entries of the log."""
    from hub.store import audit_log
    from hub.store.values import instant

    with _store(config) as store:
        size, _ = audit_log.head_of(store.reader())
        found = audit_log.entries(store.reader(), after=size - count - 1, limit=count)
    if as_json:
        for each in found:
            sys.stdout.write(each.entry.decode() + "\n")
        return
    table = Table("seq", "at", "who", "unit", "did", "type", "outcome", "rules", "released")
    for each in found:
        held = each.content
        who = held.get("who", {})
        table.add_row(
            str(each.seq),
            instant(each.at)[:19],
            who.get("subject", "–"),
            who.get("unit", ""),
            held.get("action", ""),
            held.get("type", ""),
            held.get("outcome", ""),
            " ".join(held.get("rules", ())),
            str(held.get("released", "")),
        )
    console.print(table)


@audit.command("verify")
def audit_verify(config: ConfigFile = None) -> None:
    """Read the whole log and say whether anything was changed."""
    from hub.store import audit_log

    with _store(config) as store:
        head = audit_log.head_of(store.reader())
        fault = audit_log.verify(audit_log.every(store.reader(), head[0]), head)
    if fault:
        _stop(f"the log does not hold: {fault}")
    console.print(f"unbroken: {head[0]} entries. What this cannot show: a log cut off together with its head.")


@main.command()
def backup(file: Path, config: ConfigFile = None) -> None:
    """Write everything (database, keys) to one file."""
    from hub.store.backup import backup as write

    held = _config(config)
    try:
        write(_database_url(held), held.data, file)
    except OSError as fault:
        _stop(str(fault))
    console.print(f"wrote {file}: it holds patient data and secret keys, guard it as such")


@main.command()
def restore(file: Path, config: ConfigFile = None) -> None:
    """Put back what `hub backup` wrote, into an empty database and data folder."""
    from hub.store.backup import restore as read

    held = _config(config)
    try:
        read(file, _database_url(held), held.data)
    except (OSError, ValueError) as fault:
        _stop(str(fault))
    console.print("restored: ids, keys and log are those of the backup")


def _database_url(held: Config) -> str:
    return held.database_url or f"sqlite:///{held.data / 'hub.db'}"


class _store:
    """The store of a configuration, for reading; closed after the block."""

    def __init__(self, path: Path | None) -> None:
        from hub.store.database import Database

        self._database = Database(_database_url(_config(path)))

    def __enter__(self) -> Any:
        return self._database

    def __exit__(self, *_: object) -> None:
        self._database.close()


def _stop(why: str) -> NoReturn:
    typer.echo(f"hub: {why}", err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    main()
