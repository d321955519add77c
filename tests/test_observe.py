"""Logs and metrics carry what is listed and nothing else: canary names and numbers sent through every way in come out of none."""

import io
import json
import logging
from datetime import UTC, datetime

import pytest

from hub import observe
from hub.observe import FIELDS, METHODS, Metrics

CANARIES = ("Tolvan Tolvansson", "tolvan", "191212121212", "121212-1212", "19121212-1212", "Storgatan 1")


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def stream():
    return io.StringIO()


@pytest.fixture
def log(stream, metrics):
    return observe.logger(stream, metrics, clock=lambda: datetime(2026, 11, 21, 9, tzinfo=UTC))


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def told(stream, metrics):
    """All that leaves, in lower case; but the moments at which counters began, whose digits may be any."""
    rows = [row for row in metrics.exposition()[0].decode().splitlines() if "_created" not in row]
    return "\n".join([stream.getvalue(), *rows]).lower()


def value(metrics, name):
    rows = [row for row in metrics.exposition()[0].decode().splitlines() if row.startswith(name)]
    return {row.rpartition(" ")[0]: float(row.rpartition(" ")[2]) for row in rows}


def test_a_line_is_json_with_time_level_and_the_listed_fields(log, stream):
    log.info("request answered", route="/fhir/{type}/{id}", method="GET", status=200, milliseconds=1.25)
    assert lines(stream) == [
        {
            "time": "2026-11-21T09:00:00.000+00:00",
            "level": "info",
            "event": "request answered",
            "route": "/fhir/{type}/{id}",
            "method": "GET",
            "status": 200,
            "milliseconds": 1.25,
        }
    ]


def test_a_fault_in_the_hub_is_placed_by_file_and_line(log, stream):
    try:
        Metrics().request("/x", "GET", "200", 0.1)
    except TypeError as fault:
        log.error("request failed", exc_info=fault)
    assert lines(stream)[0]["where"].startswith("hub/observe.py:")


def test_a_line_below_the_level_is_not_written(stream, metrics):
    observe.logger(stream, metrics, "warning").info("request answered")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("canary", CANARIES)
def test_an_unlisted_field_is_dropped_and_counted(log, stream, metrics, canary):
    log.info("request answered", patient=canary, status=200, query=f"identifier={canary}")
    assert lines(stream)[0].keys() == {"time", "level", "event", "status"}
    assert value(metrics, "hub_log_fields_dropped_total") == {"hub_log_fields_dropped_total": 2.0}


@pytest.mark.parametrize("number", ["191212121212", "121212-1212", "19121212-1212", "urn:191212121212", "source191212121212"])
@pytest.mark.parametrize("field", sorted(FIELDS))
def test_no_listed_field_takes_a_personal_number(log, stream, metrics, field, number):
    log.info("request answered", **{field: number})
    assert "1212" not in told(stream, metrics)


@pytest.mark.parametrize("field", sorted(FIELDS))
@pytest.mark.parametrize(
    "held",
    ["Tolvan Tolvansson", {"a": "tolvan"}, ["tolvan"], 191212121212, "tolvan\n{}", object()],
    ids=lambda held: type(held).__name__,
)
def test_no_listed_field_takes_free_text_or_structures(log, stream, metrics, field, held):
    log.info("request answered", **{field: held})
    assert "tolvan" not in told(stream, metrics)
    assert "1212" not in told(stream, metrics)
    assert len(lines(stream)) == 1


@pytest.mark.parametrize("event", ["No answer for Tolvan", "found 191212121212", "x" * 200, "%s failed", ""])
def test_an_event_that_is_no_sentence_of_ours_is_withheld(log, stream, event):
    log.info(event)
    assert lines(stream)[0]["event"] == "withheld"


@pytest.mark.parametrize("canary", CANARIES)
def test_an_exception_is_told_by_class_and_place_alone(log, stream, metrics, canary):
    try:
        raise LookupError(canary)
    except LookupError as fault:
        log.error("request failed", exc_info=fault)
    line = lines(stream)[0]
    assert line["error"] == "LookupError"
    assert line["where"].startswith("test_observe.py:")
    assert canary.lower() not in told(stream, metrics)


@pytest.mark.parametrize("canary", CANARIES)
def test_a_librarys_message_is_told_without_its_text(log, stream, metrics, canary):
    own = logging.getLogger("hub.test.library")
    own.addHandler(observe.Bridge(log))
    own.propagate = False
    try:
        own.warning("GET /Patient?identifier=%s", canary)
        own.info("not written")
        try:
            raise ValueError(canary)
        except ValueError:
            own.exception(f"parse error in {canary}")
    finally:
        own.handlers.clear()
    written = lines(stream)
    assert [line["event"] for line in written] == ["a library has something to say"] * 2
    assert [line.get("error") for line in written] == [None, "ValueError"]
    assert written[0]["library"] == "hub.test.library"
    assert canary.lower() not in told(stream, metrics)


@pytest.fixture
def untouched():
    """The standard library's logging is one for the whole process: put back as it was."""
    named = [logging.getLogger(name) for name in (None, "uvicorn", "uvicorn.error", "uvicorn.access")]
    before = [(own, own.level, own.propagate, list(own.handlers)) for own in named]
    yield
    for own, level, propagate, handlers in before:
        own.setLevel(level)
        own.propagate, own.handlers[:] = propagate, handlers


@pytest.mark.usefixtures("untouched")
def test_once_installed_all_libraries_speak_through_the_log_and_the_access_log_not_at_all(log, stream, metrics):
    logging.getLogger("uvicorn.access").addHandler(logging.StreamHandler(stream))
    observe.install(log)
    logging.getLogger("uvicorn.access").warning("GET /fhir/Patient?identifier=191212121212")
    logging.getLogger("httpx").info("HTTP Request: GET https://hub.example.org/191212121212")
    logging.getLogger("uvicorn.error").error("Tolvan Tolvansson")
    assert [line["library"] for line in lines(stream)] == ["uvicorn.error"]
    assert "1212" not in told(stream, metrics)
    assert "tolvan" not in told(stream, metrics)


def test_lines_of_one_request_carry_its_id(log, stream):
    held = observe.bind("abcdefghijklmnopqrstuvwxyz")
    log.info("source asked", source="region-a")
    observe.unbind(held)
    log.info("source asked", source="region-a")
    assert [line.get("request_id") for line in lines(stream)] == ["abcdefghijklmnopqrstuvwxyz", None]


def test_metrics_count_what_happened(metrics):
    metrics.request("/fhir/{type}", "GET", 200, 0.004)
    metrics.request("/fhir/{type}", "GET", 204, 0.004)
    metrics.request("/fhir/{type}", "GET", 404, 0.004)
    metrics.source_call("region-a", "rivta_care_plans", "answered", 0.2)
    metrics.audit_batch(3)
    metrics.decision("R45", "EXISTS")
    metrics.message("hl7v2_oru_r01", "mapped")
    counted = value(metrics, "hub_requests_total")
    assert counted['hub_requests_total{method="GET",route="/fhir/{type}",status="2xx"}'] == 2
    assert counted['hub_requests_total{method="GET",route="/fhir/{type}",status="4xx"}'] == 1
    assert value(metrics, "hub_request_seconds_count") == {'hub_request_seconds_count{method="GET",route="/fhir/{type}"}': 3}
    assert list(value(metrics, "hub_source_calls_total").values()) == [1]
    assert list(value(metrics, "hub_source_seconds_sum").values()) == [0.2]
    assert value(metrics, "hub_audit_batch_leaves_sum") == {"hub_audit_batch_leaves_sum": 3}
    assert value(metrics, "hub_decisions_total") == {'hub_decisions_total{outcome="EXISTS",rule="R45"}': 1}
    assert value(metrics, "hub_messages_total") == {'hub_messages_total{format="hl7v2_oru_r01",verdict="mapped"}': 1}


@pytest.mark.parametrize("canary", ["191212121212", "/fhir/Patient?identifier=191212121212", "Tolvan Tolvansson", "tolvan\n"])
def test_no_label_takes_a_personal_number_or_free_text(metrics, canary):
    metrics.request(canary, canary, 200, 0.1)
    metrics.source_call(canary, canary, canary, 0.1)
    metrics.decision(canary, canary)
    metrics.message(canary, canary)
    written = told(io.StringIO(), metrics)
    assert "tolvan" not in written
    assert "1212" not in written
    assert "other" in written


def test_two_hubs_in_one_process_count_apart(metrics):
    other = Metrics()
    metrics.audit_batch(1)
    assert value(other, "hub_audit_batch_leaves_count") == {"hub_audit_batch_leaves_count": 0}


def test_methods_are_a_closed_set(metrics):
    for method in [*METHODS, "PROPFIND", "tolvan"]:
        metrics.request("/x", method, 200, 0.1)
    assert len(value(metrics, "hub_requests_total")) == len(METHODS) + 1


def test_what_cannot_be_logged_stops_nothing(metrics):
    """The disk is full: who tells of it must not fail by telling."""

    class Full(io.StringIO):
        def write(self, *_):
            raise OSError(28, "No space left on device")

        flush = write

    log = observe.logger(Full(), metrics)
    log.info("request answered", status=200)
    log.error("no checkpoint could be written", exc_info=OSError())
