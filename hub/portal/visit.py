"""One request of a browser: its session, who has signed in, in what language; and what a session keeps of a caller."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from starlette.requests import Request

from hub import errors, scopes
from hub.caller import Caller
from hub.interactions.context import Context
from hub.portal.language import Words
from hub.store.sessions import Session

Step = Callable[[Context, str, Mapping[str, str]], Awaitable[None]]
"""One choice made about a patient, by the fields of a form."""


class Closed(errors.NotFound):
    """The handle of a patient that this session does not have open."""


class Wrong(Exception):
    """A field of a form, and the message about it."""

    def __init__(self, field: str, key: str) -> None:
        super().__init__(key)
        self.field, self.key = field, key


@dataclass(slots=True)
class Visit:
    """One request of a browser. `held` changes when the session does."""

    request: Request
    words: Words
    held: Session | None = None
    caller: Caller | None = None
    form: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> dict[str, Any]:
        return self.held.content if self.held else {}


def known(visit: Visit) -> Caller:
    """Who has signed in. Raises: Unauthenticated."""
    if visit.caller is None:
        raise errors.Unauthenticated("nobody has signed in")
    return visit.caller


def searches(caller: Caller) -> bool:
    """Whether somebody may look for patients: staff under a commission for care, or a guardian."""
    return (caller.staff and caller.purpose == "care") or caller.kind == "guardian"


def choice(visit: Visit, steps: Mapping[str, Step]) -> Step:
    """What is done where a form makes one of these choices.

    Raises: InvalidRequest: it makes none of them.
    """
    step = steps.get(visit.form.get("step", ""))
    if step is None:
        raise errors.InvalidRequest("no such step", "step")
    return step


def caller_to(caller: Caller) -> dict[str, Any]:
    """A caller as a session keeps it."""
    return asdict(caller) | {"smart": scopes.write(caller.smart)}


def caller_from(held: Mapping[str, Any]) -> Caller:
    """The caller that `caller_to` wrote."""
    return Caller(**(dict(held) | {"smart": scopes.parse(held["smart"])}))
