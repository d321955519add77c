"""A client of the hub as the outside sees it: plain HTTP and JSON, nothing of the hub's own code."""

from dataclasses import dataclass
from typing import Any

import httpx

from hub.demo.clinic.resources import number_system

TYPES = (
    "CarePlan",
    "CareTeam",
    "MedicationRequest",
    "MedicationStatement",
    "DiagnosticReport",
    "Observation",
    "Encounter",
    "Appointment",
)
"""The types that the scenario asks about."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one search gave: resources, what the hub said with it (code, text), by page."""

    status: int
    resources: tuple[dict[str, Any], ...]
    said: tuple[tuple[str, str], ...]


class Visitor:
    """One persona's client. Has state: the connection."""

    def __init__(self, base: str, token: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=base,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
            limits=httpx.Limits(keepalive_expiry=2),  # the server leaves idle connections after five seconds
        )

    async def __aenter__(self) -> "Visitor":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def patient(self, number: str) -> str | None:
        """The id of the Patient with this number, by POST so that the number is in no URL; None: not found."""
        answer = await self._http.post("/fhir/Patient/_search", data={"identifier": f"{number_system(number)}|{number}"})
        entries = answer.json().get("entry", []) if answer.status_code == 200 else []
        found = [each["resource"]["id"] for each in entries if each["resource"]["resourceType"] == "Patient"]
        return found[0] if found else None

    async def search(self, resource_type: str, patient: str) -> Found:
        """Every page of a search."""
        url: str | None = f"/fhir/{resource_type}?patient={patient}&_count=200"
        resources: list[dict[str, Any]] = []
        said: dict[tuple[str, str], None] = {}
        status = 200
        while url:
            answer = await self._http.get(url)
            status, body = answer.status_code, answer.json()
            for each in body.get("entry", []):
                if each["search"]["mode"] == "match":
                    resources.append(each["resource"])
                else:
                    said |= dict.fromkeys(_said(each["resource"]))
            url = next((link["url"] for link in body.get("link", []) if link["relation"] == "next"), None)
        return Found(status, tuple(resources), tuple(said))

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Register or create.

        Raises: RuntimeError: it was refused.
        """
        return await self._sent("POST", path, body)

    async def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Replace. Raises: RuntimeError: it was refused."""
        return await self._sent("PUT", path, body)

    async def _sent(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        media_type = "application/fhir+json" if path.startswith("/fhir") else "application/json"
        answer = await self._http.request(method, path, json=body, headers={"Content-Type": media_type})
        if answer.status_code not in (200, 201):
            raise RuntimeError(f"{method} {path.split('?')[0]}: {answer.status_code} {answer.text[:300]}")
        held: dict[str, Any] = answer.json()
        return held


def _said(outcome: dict[str, Any]) -> list[tuple[str, str]]:
    issues = outcome.get("issue", [])
    details = [each.get("details", {}) for each in issues]
    return [((each.get("coding") or [{}])[0].get("code", ""), each.get("text", "")) for each in details]
