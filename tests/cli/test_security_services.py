"""Security services at the command line: how a row must be, whether the service answers, and how one is forgotten."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.app import checks
from hub.config import SECURITY_CONTRACTS, SourceConfig, read
from hub.consent.grounds import Relation
from hub.demo.rivta import trouble
from hub.demo.rivta.security import security_services
from hub.demo.rivta.security_parts import Holding
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.keys import Keys
from hub.store.database import Database
from hub.store.known import known, put_ground
from hub.store.patients import Facts, enroll
from hub.store.values import micros

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ROW = """
[[source]]
name = "security"
title = "Säkerhetstjänsterna"
kind = "security"
owner = "SE1"
system = "SE1-S"
address = "http://127.0.0.1:1"
contracts = {contracts}
"""
LISTS = ["GetConsentsForPatient", "GetBlocks", "GetPatientRelationsForPatient"]


@pytest.mark.parametrize(
    ("contracts", "fault"),
    [
        ([], "source[0].contracts"),
        (["GetBlocks", "GetAllBlocks"], "source[0].contracts"),
        ([*LISTS, "RegisterExtendedConsent"], "go together"),
        (["CheckConsent", "CheckBlocks"], "CheckBlocks alone is not enough"),
        (["CheckConsent", "RegisterExtendedConsent", "CancelExtendedConsent"], "GetConsentsForPatient tells of them"),
    ],
    ids=str,
)
def test_a_row_that_would_decide_by_less_than_it_seems_is_refused(tmp_path, contracts, fault):
    (tmp_path / "hub.toml").write_text(ROW.format(contracts=contracts), "utf-8")
    with pytest.raises(ValueError, match=fault.replace("[", r"\[").replace("]", r"\]")):
        read(tmp_path / "hub.toml", {})


def test_what_a_service_says_counts_for_a_minute_unless_its_row_says_otherwise(tmp_path):
    (tmp_path / "hub.toml").write_text(ROW.format(contracts=LISTS), "utf-8")
    assert read(tmp_path / "hub.toml", {}).sources[0].max_age == 60
    (tmp_path / "hub.toml").write_text(ROW.format(contracts=LISTS) + "max_age = 5\n", "utf-8")
    assert read(tmp_path / "hub.toml", {}).sources[0].max_age == 5


def test_each_contract_that_only_asks_is_tried_and_a_failure_says_what_to_do():
    async def tried(wrong):
        server = security_services(Holding(), "SE1-S")
        server.troubles["GetBlocks"] = wrong
        async with server.serve() as url:
            row = {"name": "s", "title": "S", "kind": "security", "owner": "SE1", "system": "SE1-S", "address": url}
            steps = [each async for each in checks(SourceConfig(**row, contracts=SECURITY_CONTRACTS), None)]
        return steps, server.calls

    steps, calls = asyncio.run(tried(None))
    assert all(each.passed for each in steps)
    assert {each.name.removesuffix(": answer") for each in steps} == {"name", "connection", "TLS", *SECURITY_CONTRACTS}
    assert not {"RegisterExtendedConsent", "CancelExtendedConsent"} & calls.keys()
    steps, _ = asyncio.run(tried(trouble.LogicalError()))
    [failed] = [each for each in steps if not each.passed]
    assert (failed.name, "logical address" in failed.advice) == ("GetBlocks: answer", True)


def test_what_a_service_has_said_is_ended_when_it_is_forgotten(hub, held):
    period = {"start": NOW - timedelta(days=1), "end": datetime.now(UTC) + timedelta(days=1)}
    common = {"state": "active", "recorded": NOW, "provider": "SE1", "unit": "SE1-U1", "employee": "SE1-E1"}
    told = Relation(id="gone.1", recorded_by="gone", service="gone", **period, **common)
    database = Database(f"sqlite:///{held / 'hub.db'}")
    with database.writing() as connection:
        pk = enroll(connection, Keys(b"k" * 32, b"c" * 32).identity, Facts((Identifier(PERSONNUMMER, "191212121212"),)))
        put_ground(connection, pk, told, "gone", micros(NOW))
        put_ground(connection, pk, replace(told, id="own", recorded_by="SE1-E1", service=""), "SE1-E1", micros(NOW))
    assert "configured" in hub("source", "forget", "hospital", code=1).stderr
    assert "1 grounds ended" in hub("source", "forget", "gone").stdout
    assert {each.id: each.state for each in known(database.reader(), pk, 0).grounds} == {"gone.1": "ended", "own": "active"}
    assert "0 grounds ended" in hub("source", "forget", "gone").stdout
    database.close()
