"""The command `hub`: run it, look after its sources and messages, read and verify its log."""

import typer

from hub.cli.auditing import audit, rotate
from hub.cli.deciding import consent
from hub.cli.demonstrating import demo, personas, token
from hub.cli.looking import message, source
from hub.cli.proving import consistency, prove, replay, saw, verify
from hub.cli.serving import backup, keys, reindex, restore, serve

__all__ = ["main"]

main = typer.Typer(
    help="Samsyn: a FHIR R4 hub for Swedish care.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
for command in (serve, backup, restore, reindex, personas, token):
    main.command()(command)
for reading in (verify, prove, consistency, saw, replay):
    audit.command()(reading)
keys.command("rotate")(rotate)
for name, group in {"demo": demo, "source": source, "message": message, "audit": audit, "consent": consent, "keys": keys}.items():
    main.add_typer(group, name=name)
