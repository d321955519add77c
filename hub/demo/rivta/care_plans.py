"""GetCarePlans 2.0: plans as documents; the contract has no status, goals or activities of their own."""

import base64

from hub.demo.rivta.habits import STOCKHOLM, Habit
from hub.demo.rivta.markup import Element, Vocabulary
from hub.demo.rivta.producer import Producer, asked, patient
from hub.demo.rivta.scribe import HSA, Scribe, moment, result
from hub.demo.rivta.server import Contract
from hub.demo.rivta.soap import Request
from hub.demo.world.model import CarePlan, Document

NAMESPACE = Vocabulary("urn:riv:clinicalprocess:logistics:logistics:GetCarePlansResponder:2")
CORE = Vocabulary("urn:riv:clinicalprocess:logistics:logistics:3")


def contract(producer: Producer) -> Contract:
    """The contract as this producer answers it."""
    scribe = producer.scribe(CORE)

    def answer(request: Request, numbers: tuple[str, ...]) -> Element:
        wanted = asked(request, CORE.uri, producer.system)
        plans = [p for p in producer.records(numbers, CarePlan) if wanted.takes(p, (p.custody.time,))]
        records = (NAMESPACE("carePlan", *_plan(plan, scribe)) for plan in plans)
        return NAMESPACE.root("GetCarePlansResponse", *records, result(CORE, outer=NAMESPACE))

    return Contract("GetCarePlans", NAMESPACE.uri, patient(CORE.uri), answer, _refusal)


def _refusal(message: str) -> Element:
    return NAMESPACE.root("GetCarePlansResponse", result(CORE, message, outer=NAMESPACE))


def _plan(plan: CarePlan, scribe: Scribe) -> tuple[Element, Element]:
    title = "" if scribe.manner.has(Habit.NO_TITLE) else plan.title
    header = scribe.header("carePlanHeader", plan, "contact-last", title, _drawn_up(plan, scribe))
    units = (scribe.ii("participatingCareUnitHSAId", HSA, unit) for unit in plan.units)
    contents = (_content(document) for document in plan.documents or (Document(text=_told(plan)),))
    return header, CORE.root("carePlanBody", *contents, *units, CORE("typeOfCarePlanEnum", plan.kind or None))


def _drawn_up(plan: CarePlan, scribe: Scribe) -> str:
    """The time of the plan: when it was recorded if that was the same day, else the day alone."""
    recorded = plan.custody.time.astimezone(STOCKHOLM)
    if recorded.date() == plan.start and not scribe.manner.has(Habit.MIDNIGHT):
        return moment(recorded)
    return f"{plan.start:%Y%m%d}000000"


def _told(plan: CarePlan) -> str:
    """The plan in words, for systems that keep goals and activities and send a text of them."""
    lines = [plan.title, *(f"Mål: {goal}" for goal in plan.goals), *(f"Åtgärd: {deed}" for deed in plan.activities)]
    return "\n".join(lines)


def _content(document: Document) -> Element | None:
    value = base64.b64encode(document.text.encode()).decode()
    return CORE("content", CORE("mediaType", document.media_type), CORE("value", value))
