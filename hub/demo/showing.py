"""`hub demo`: start it all, say where everything is, and stay until asked to end."""

import asyncio
import shutil
from contextlib import AsyncExitStack

from rich.console import Console

from hub.demo.once import fill, once
from hub.demo.running import FOLDER, Demo, demo, interrupted, temporary

INGRID = "196101182803"


async def run(port: int, database_url: str, console: Console) -> bool:
    """The demo, until Ctrl-C."""
    console.print("Starting six simulated source systems and the hub …")
    try:
        async with demo(port, FOLDER, database_url) as running:
            async with AsyncExitStack() as stack:
                await fill(running, stack)
            _tell(running, console)
            await interrupted()
            console.print("Stopping …")
    finally:
        await asyncio.to_thread(shutil.rmtree, FOLDER, ignore_errors=True)
    return True


async def run_once(port: int, database_url: str, console: Console) -> bool:
    """The scenario without staying: start, ask, compare, end."""
    folder = await asyncio.to_thread(temporary)
    try:
        async with demo(port, folder, database_url) as running:
            return await once(running, console)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder.parent, ignore_errors=True)


def _tell(running: Demo, console: Console) -> None:
    at = running.systems.addresses
    base = running.base
    question = f'--data-urlencode "identifier=http://electronichealth.se/identifier/personnummer|{INGRID}"'
    first_id = """.venv/bin/python -c 'import json,sys; print(json.load(sys.stdin)["entry"][0]["resource"]["id"])'"""
    console.print(
        f"""
The hub             {base}            portal: sign in as one of `hub personas`
FHIR                {base}/fhir       {base}/fhir/metadata
Access              {base}/access     documented in {base}/openapi.json
Health, metrics     {base}/health/ready   {base}/metrics
Region Norrdal      {at.norrdal}      RIV-TA (SOAP)
Region Västvik      {at.vastvik}      RIV-TA (SOAP)
Norrdals sjukhus    {at.mllp}                pushes HL7 v2 over MLLP to the hub
Private provider    {at.clinic}      FHIR R4
Municipality        {at.files}      drops CSV files
Population register {at.register}      RIV-TA (SOAP)
Log of the hub      {running.folder / "hub.log"}

Three questions, from another terminal in this folder:

TOKEN=$(.venv/bin/hub token lakare-norrdal-1)
ID=$(curl -s {base}/fhir/Patient/_search -H "Authorization: Bearer $TOKEN" {question} | {first_id})
curl -s "{base}/fhir/Observation?patient=$ID&_count=3" -H "Authorization: Bearer $TOKEN"

Ctrl-C ends all of it.
""",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )
