"""What sources do, for whoever runs the hub: every question is counted, and what did not go well is a line of the log.

No line says about whom: source, contract and outcome are words of ours. Counts alone would not tell when, nor in which request.
"""

from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from hub.observe import Metrics
from hub.sources import Deliver, Delivery, Verdict

WELL = frozenset({"answered", "taken-back"})
"""Outcomes of a question that nobody needs to read of."""


def asked(metrics: Metrics, log: FilteringBoundLogger) -> Callable[[str, str, str, float], None]:
    """Gives: what is told of each question to a source: its name, the contract, the outcome, seconds."""

    def observed(source: str, contract: str, outcome: str, seconds: float) -> None:
        metrics.source_call(source, contract, outcome, seconds)
        if outcome not in WELL:
            took = round(seconds * 1000, 2)
            log.warning("a source has not told everything", source=source, contract=contract, outcome=outcome, milliseconds=took)

    return observed


def sent(deliver: Deliver, log: FilteringBoundLogger) -> Deliver:
    """The same way in, where a message of which a part or nothing could be taken is a line of the log."""

    async def delivered(source: str, mapper: str, content: bytes, name: str) -> Delivery:
        given = await deliver(source, mapper, content, name)
        if given.verdict is not Verdict.ACCEPTED:
            log.warning("a message could not be taken in whole", source=source, format=mapper, verdict=str(given.verdict))
        return given

    return delivered
