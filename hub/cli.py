"""The command `hub`: run it, look after its sources and messages, read and verify its log."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
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
demo = typer.Typer(help="The hub with simulated sources, on loopback.", invoke_without_command=True)
GROUPS = {"demo": demo, "source": source, "message": message, "audit": audit, "consent": consent, "keys": keys}
for name, group in GROUPS.items():
    main.add_typer(group, name=name)
console = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160)

ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", help="hub.toml; HUB_CONFIG if not given.")]
LookedAt = Annotated[
    Path | None, typer.Option("--config", "-c", help="hub.toml; if not given HUB_CONFIG, or the demo that runs in this folder.")
]


def _config(path: Path | None) -> Config:
    with _plainly(f"{path or os.environ.get('HUB_CONFIG') or 'configuration'}: "):
        return configuration.read(path)


def _looked_at(path: Path | None) -> Config:
    """The configuration to look at: as given, or of the demo that runs here."""
    if path is None and not os.environ.get("HUB_CONFIG"):
        from hub.demo.folder import NotRunning, configuration_file, port_of

        with _plainly(), contextlib.suppress(NotRunning):
            path = configuration_file(port_of())
    return _config(path)


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


@demo.callback()
def demo_run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Ask every question of the scenario, check the answers, and end.")] = False,
) -> None:
    """Run the hub with simulated sources, on loopback. HUB_PORT chooses the port, HUB_DATABASE_URL a PostgreSQL database."""
    if context.invoked_subcommand:
        return
    with _plainly():
        from hub.demo import showing
        from hub.demo.folder import port_of

        run = showing.run_once if once else showing.run
        right = asyncio.run(run(port_of(), os.environ.get("HUB_DATABASE_URL", ""), console))
    raise typer.Exit(0 if right else 1)


@demo.command("trouble")
def demo_trouble(
    source: Annotated[str, typer.Argument(help="A source that is asked, as `hub source list` has it.")],
    kind: Annotated[str, typer.Argument(help="hang, fault, error, html or truncated.")],
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
        with _plainly():
            tell(running(port_of()).data, source, kind, seconds)
    except (Misunderstood, NotRunning) as fault:
        _stop(str(fault))


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
def token(name: Annotated[str, typer.Argument(help="As `hub personas` has it.")]) -> None:
    """Print an access token of a persona for the running demo."""
    from datetime import date

    from hub.demo import signing
    from hub.demo.folder import NotRunning, port_of, running
    from hub.demo.world.build import build

    try:
        with _plainly():
            sys.stdout.write(signing.token(running(port_of()), build(date.today()), name) + "\n")
    except NotRunning as fault:
        _stop(str(fault))
    except KeyError as fault:
        _stop(str(fault.args[0]))


@consent.command("decide")
def consent_decide(file: Annotated[Path, typer.Argument(help="Facts in the form of consent-cases.json.")]) -> None:
    """Decide each case of a file; prints id, outcome and rule, a line each."""
    from hub.consent.cases import cases
    from hub.errors import HubError

    with _plainly(f"{file}: "):
        held = json.loads(file.read_bytes())
        if not isinstance(held, dict):
            raise ValueError("not an object with base and cases")
        try:
            for case in cases(held):
                outcome, rule = case.decided()
                sys.stdout.write(f"{case.id} {outcome} {rule}\n")
        except HubError as fault:
            _stop(f"{file}: {fault.place}: {fault.problem}")


@source.command("list")
def source_list(config: LookedAt = None) -> None:
    """The configured sources."""
    table = Table("name", "kind", "owner", "address", "contracts", "asked again after")
    for each in _looked_at(config).sources:
        table.add_row(each.name, each.kind, each.owner, each.address, ", ".join(each.contracts), f"{each.max_age:g} s")
    console.print(table)


@source.command("check")
def source_check(
    name: str,
    config: LookedAt = None,
    patient: Annotated[str, typer.Option(help="Personal number to ask about; a published test number if not given.")] = "",
) -> None:
    """Try a source step by step: name, TLS, answer, schema, a patient."""
    from hub.app import checks
    from hub.fhir.identifiers import InvalidNumber, personal_number

    held = next((each for each in _looked_at(config).sources if each.name == name), None)
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
    config: LookedAt = None,
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
    config: LookedAt = None,
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
def message_retry(id: str, config: LookedAt = None) -> None:
    """Take a message in again, with today's mappers and configuration."""
    from hub.app import put_together
    from hub.ingest import Ingested, described, retry

    with _store(config), _plainly():  # there is a database
        running = put_together(_looked_at(config))

    async def again() -> Ingested | None:
        try:
            done = await running.hub.store(retry, running.hub, id)
            for number in done.strangers if done else ():
                await running.refresher.identify(number)
            return await running.hub.store(retry, running.hub, id) if done and done.strangers else done
        finally:
            await running.stop()

    done = asyncio.run(again())
    if done is None:
        _stop("no message has that id, or more than one begins so")
    console.print_json(data=dict(described(done)))


@audit.command("list")
def audit_list(
    config: LookedAt = None,
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
def audit_verify(config: LookedAt = None) -> None:
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


@contextlib.contextmanager
def _store(path: Path | None) -> Iterator[Any]:
    """The database of a configuration, for looking at; closed after the block."""
    from hub.store.database import Database, SQLAlchemyError

    held = _looked_at(path)
    if not held.database_url and not (held.data / "hub.db").is_file():
        _stop(f"there is no database in {held.data}: start the hub once, or name its configuration with --config")
    try:
        database = Database(_database_url(held))
    except (SQLAlchemyError, ImportError):
        _stop("the address of the database cannot be understood")
    try:
        yield database
    except SQLAlchemyError:
        _stop("the database does not answer, or there is no hub in it yet: start the hub once")
    finally:
        database.close()


@contextlib.contextmanager
def _plainly(where: str = "") -> Iterator[None]:
    """What fails because of a file, a number or an address ends in one line, without a traceback."""
    try:
        yield
    except OSError as fault:
        _stop(f"{fault.filename}: {fault.strerror}" if fault.filename else fault.strerror or str(fault))
    except ValueError as fault:
        _stop(where + str(fault).partition("\n")[0])


def _stop(why: str) -> NoReturn:
    typer.echo(f"hub: {why}", err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    main()
