"""The portal's pages and where they lie."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hub.errors import NotFound
from hub.interactions.overview import Overview, Part, found, overview
from hub.interactions.plan import LABELS
from hub.portal import gaps
from hub.portal.badges import Sources
from hub.portal.bookings import bookings
from hub.portal.emergency import Emergencies, emergency
from hub.portal.language import Words
from hub.portal.medicines import medicines
from hub.portal.patients import Patients
from hub.portal.person import basis, consent_ended, person
from hub.portal.problems import cautions, diagnoses, treatments
from hub.portal.rows import MOST, SHOWN, contacts, plans, team
from hub.portal.sections import made
from hub.portal.signin import CALLBACK, SignIn
from hub.portal.site import Portal
from hub.portal.trends import results
from hub.portal.visit import Visit, known

_STATIC = Path(__file__).parent / "static"
PAST_TOO = ("lakemedel", "tider")
"""Sections that show what is over beside what is current, and count only the latter."""
FILES = {"portal.css": "text/css", "portal.js": "text/javascript", "icon.svg": "image/svg+xml"}


def portal_routes(portal: Portal) -> list[BaseRoute]:
    """The pages, from `/` on."""
    signin, patients, pages, emergencies = SignIn(portal), Patients(portal), Pages(portal), Emergencies(portal)
    return [
        Route("/favicon.ico", _file("icon.svg", FILES["icon.svg"]), methods=["GET"]),
        Route("/", portal.open_page(pages.home), methods=["GET"]),
        Route("/logga-in", portal.open_page(signin.start), methods=["GET"]),
        Route(CALLBACK, portal.open_page(signin.answer), methods=["GET"]),
        Route("/logga-ut", portal.open_page(signin.out), methods=["POST"]),
        Route("/forlang", portal.page(signin.prolong), methods=["POST"]),
        Route("/sok", portal.page(patients.ask), methods=["GET"]),
        Route("/sok", portal.page(patients.search), methods=["POST"]),
        Route("/min", portal.page(pages.own), methods=["GET"]),
        Route("/patient/{handle}", portal.page(pages.of_patient), methods=["GET"]),
        Route("/patient/{handle}/atkomst", portal.page(patients.gate), methods=["GET"]),
        Route("/patient/{handle}/atkomst", portal.page(patients.step), methods=["POST"]),
        Route("/patient/{handle}/nod", portal.page(emergencies.show), methods=["GET"]),
        Route("/patient/{handle}/nod", portal.page(emergencies.step), methods=["POST"]),
        Route("/patient/{handle}/stang", portal.page(patients.close), methods=["POST"]),
        *(Route(f"/portal/{name}", _file(name, kind), methods=["GET"]) for name, kind in FILES.items()),
    ]


def missing_page(portal: Portal) -> Callable[[Request, Exception], Awaitable[Response]]:
    """What a browser is shown at an address where nothing is; Starlette takes it as the handler of such a fault."""

    async def nothing(_: Visit) -> Response:
        raise NotFound("no such page")

    page = portal.open_page(nothing)

    async def missing(request: Request, _: Exception) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return await page(request)
        return JSONResponse({"detail": "Not Found"}, 404)

    return missing


@dataclass(frozen=True, slots=True)
class Pages:
    """The start page and the overviews."""

    portal: Portal

    async def home(self, visit: Visit) -> Response:
        """Who you are, and what your assignment gives; or where to sign in."""
        ended = visit.request.query_params.get("utloggad") == "tid"
        said = visit.words("signed-out.idle") if ended else ""
        return self.portal.show(visit, "home", said=said, opened=list(visit.content.get("patients", {})), sign_in="/logga-in")

    async def own(self, visit: Visit) -> Response:
        """The patient's own overview; others are sent to theirs."""
        caller = known(visit)
        if caller.kind != "patient":
            return self.portal.away("/sok" if caller.kind == "guardian" or caller.staff else "/")
        patient = visit.content.get("own", "")
        if not patient:
            resource, _ = await found(self.portal.context(visit))
            patient = str(resource["id"])
            await self.portal.keep(visit, own=patient)
        return await self._overview(visit, "", patient)

    async def of_patient(self, visit: Visit) -> Response:
        """The overview of an open patient."""
        return await self._overview(visit, *self.portal.patient(visit))

    async def _overview(self, visit: Visit, handle: str, patient: str) -> Response:
        portal = self.portal
        held = await overview(portal.context(visit), patient)
        return portal.show(visit, "overview", handle=handle, **view(portal, visit, held))


def view(portal: Portal, visit: Visit, held: Overview) -> dict[str, Any]:
    """What the overview's template is given."""
    words, caller, now = visit.words, known(visit), portal.hub.clock()
    sources = Sources(portal.hub, words)
    titles = {part.section.name: _title(part, words) for part in held.parts}
    parts = {part.section.name: part for part in held.parts}
    running = _running(portal, held.known.pk)
    making: dict[str, Callable[[Part], Any]] = {
        "uppmarksamhet": lambda part: cautions(part, sources, words),
        "diagnoser": lambda part: diagnoses(part, sources, words),
        "lakemedel": lambda part: medicines(part, sources, words, now),
        "provsvar": lambda part: results(part, sources, words),
        "kontakter": lambda part: contacts(part, sources, words),
        "tider": lambda part: bookings(part, sources, words, now),
        "vardplaner": lambda part: plans(part, sources, words),
        "vardteam": lambda part: team(part, sources, words, now),
        "behandlingar": lambda part: treatments(part, sources, words),
    }
    sections = {name: made(make, parts[name], portal.note) for name, make in making.items()}
    shown = {name: each.shown for name, each in sections.items()}
    unread = {name: each.unread for name, each in sections.items()}
    counts = {name: _count(each) for name, each in shown.items()}
    ended = consent_ended(held.known, caller, now) if caller.staff else None
    return {
        "person": person(held.patient, held.known, words, now),
        "basis": basis(held.known, caller, words, now) if caller.staff else [],
        "consent_ended": words.until(ended) if ended else "",
        "emergency": emergency(held.known, caller, words, now) if caller.staff else None,
        "notices": held.notices,
        "gaps": gaps.gaps(held, titles, words, now, running),
        "answered": gaps.answered(held),
        "time": words.time(now),
        "titles": titles,
        "states": {
            name: gaps.state(
                part,
                bool(shown.get(name)),
                titles[name],
                words,
                running,
                unread.get(name, 0),
                past_only=name in PAST_TOO and bool(shown[name]) and not counts[name],
            )
            for name, part in parts.items()
        },
        "shown": shown,
        "counts": counts,
        "most": MOST,
        "most_open": SHOWN,
        "person_reads": caller.kind in ("patient", "guardian"),
    }


def _title(part: Any, words: Words) -> str:
    return str(part.section.swedish if words.language == "sv" else part.section.english)


def _count(shown: Any) -> int:
    if isinstance(shown, dict):
        return sum(len(rows) for group, rows in shown.items() if group != "ended")
    return len(shown)


def _running(portal: Portal, pk: int) -> gaps.Running:
    """Which questions about a patient are on their way, by what readers call source and contract."""
    titles = {source.name: source.title for source in portal.hub.config.sources}
    asked = [key for key in portal.refresher.running if len(key) == 3 and key[0] == pk]
    under_way = {(titles.get(str(source), ""), LABELS.get(str(contract), str(contract))) for _, source, contract in asked}
    return lambda source, contract: (source, contract) in under_way


def _file(name: str, kind: str) -> Any:
    async def answered(_: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
        return FileResponse(_STATIC / name, headers=headers, media_type=kind)

    return answered
