"""What sources do is in the operator's log where it did not go well, in words of ours alone, with the request that asked."""

import asyncio
import io
import json

import pytest

from hub import watching
from hub.observe import Metrics, bind, logger, unbind
from hub.sources import Delivery, Fault, Verdict

REQUEST = "a" * 26


@pytest.fixture
def told():
    """Metrics, a log, and what was written there."""
    metrics, stream = Metrics(), io.StringIO()
    return metrics, logger(stream, metrics), lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("outcome", [*map(str, Fault), "partly", "failed", "not-stored", "not-taken-back"])
def test_a_source_that_has_not_told_everything_is_a_line(told, outcome):
    metrics, log, lines = told
    token = bind(REQUEST)
    watching.asked(metrics, log)("region-a", "rivta_laboratory", outcome, 0.5)
    unbind(token)
    [line] = lines()
    named = {"source": "region-a", "contract": "rivta_laboratory", "outcome": outcome, "milliseconds": 500.0}
    assert named.items() <= line.items()
    assert (line["level"], line["request_id"]) == ("warning", REQUEST)
    assert f'outcome="{outcome}"' in metrics.exposition()[0].decode()


def test_a_source_that_has_is_only_counted(told):
    metrics, log, lines = told
    watching.asked(metrics, log)("region-a", "rivta_laboratory", "answered", 0.5)
    assert lines() == []
    assert 'outcome="answered",source="region-a"} 1.0' in metrics.exposition()[0].decode()


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_message_that_was_not_taken_in_whole_is_a_line(told, verdict):
    _, log, lines = told
    handed = []

    async def deliver(*given):
        handed.append(given)
        return Delivery(verdict)

    given = ("hospital", "hl7v2_oru_r01", b"content", "mllp:191212121212")
    assert asyncio.run(watching.sent(deliver, log)(*given)) == Delivery(verdict)
    assert handed == [given]
    said = [(line["source"], line["format"], line["verdict"]) for line in lines()]
    assert said == ([] if verdict is Verdict.ACCEPTED else [("hospital", "hl7v2_oru_r01", str(verdict))])
    assert "1912" not in str(lines())
