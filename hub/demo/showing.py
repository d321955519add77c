"""`hub demo`: start it all, say where everything is, and stay until asked to end."""

import asyncio
import shlex
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console

from hub.demo.clinic.resources import number_system
from hub.demo.folder import PORT, folder_of
from hub.demo.once import fill, once
from hub.demo.running import Demo, demo, temporary, until_asked_to_end
from hub.demo.world.stories.ingrid import INGRID

ASKS = "lakare-norrdal-1"
"""The persona of the three questions."""


async def run(port: int, database_url: str, console: Console) -> bool:
    """The demo, until Ctrl-C."""
    console.print("Starting six simulated source systems and the hub …")
    with until_asked_to_end():
        async with demo(port, folder_of(port), database_url) as running:
            async with AsyncExitStack() as stack:
                patient = await (await fill(running, stack)).patient(INGRID)
            console.print(_told(running, patient), highlight=False, soft_wrap=True, markup=False)
            try:
                await asyncio.Event().wait()
            finally:
                console.print("Stopping …")
    return True


async def run_once(port: int, database_url: str, console: Console) -> bool:
    """The scenario without staying: start, ask, compare, end."""
    with until_asked_to_end(), temporary() as folder:
        async with demo(port, folder, database_url) as running:
            return await once(running, console)
    return False


def _told(running: Demo, patient: str) -> str:
    """Where everything is, and three questions to copy."""
    at, base = running.systems.addresses, running.base
    hub, shown = _command(), _near(running.config.data)
    lines = "\n\n".join(
        questions(base, patient, ("" if running.config.port == PORT else f"HUB_PORT={running.config.port} ") + hub)
    )
    return f"""
Portal              {base}/   sign in as one of `{hub} personas`
FHIR                {base}/fhir   {base}/fhir/metadata
Access              {base}/access   described in {base}/openapi.json
Sign-in, tokens     {base}/auth   {base}/.well-known/smart-configuration
Health, metrics     {base}/health/ready   {base}/metrics
Region Norrdal      {at.norrdal}   RIV-TA (SOAP)
Region Västvik      {at.vastvik}   RIV-TA (SOAP)
Population register {at.register}   RIV-TA (SOAP)
Engagement index    {at.index}   RIV-TA (SOAP)
Security services   {at.security}   RIV-TA (SOAP)
Log service         {at.log}   RIV-TA (SOAP), StoreLog
Hjärtgården         {at.clinic}   FHIR R4
Norrdals sjukhus    sends HL7 v2 over MLLP to the hub, {at.mllp}
Åkerby kommun       drops CSV files in {_near(at.files)}
Configuration, log  {shown / "hub.toml"}   {shown / "hub.log"}

Three questions about Ingrid Sandell, whose data lie in all six, from another terminal in this folder:

{lines}

docs/integrator.md goes on from here. Ctrl-C ends all of it.
"""


def questions(base: str, patient: str, hub: str) -> tuple[str, str, str]:
    """Three lines for a shell: find the patient by number, the newest laboratory answers, what is prescribed."""
    token = f'-H "Authorization: Bearer $({hub} token {ASKS})"'
    return (
        f'curl -s {token} --data-urlencode "identifier={number_system(INGRID)}|{INGRID}" {base}/fhir/Patient/_search',
        f'curl -s {token} "{base}/fhir/DiagnosticReport?patient={patient}&_sort=-date&_count=3"',
        f'curl -s {token} "{base}/fhir/MedicationRequest?patient={patient}&status=active"',
    )


def _command() -> str:
    """How `hub` is called from this folder."""
    return shlex.quote(str(_near(Path(sys.executable).with_name("hub"))))


def _near(path: Path) -> Path:
    """A path as short as it can be written from this folder."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
