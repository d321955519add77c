"""What a source's client pushed refers to other entries, and tells a reader of those that are released to the reader alone."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from hub.consent.grounds import Block
from hub.fhir.across import ABSENT

SOURCE = "alfa-client"
BLOCKED = {"information_start": datetime(2040, 10, 20, tzinfo=UTC), "information_end": datetime(2040, 10, 25, tzinfo=UTC)}
ABOUT = {"identifier": {"system": "urn:lab", "value": "v-hidden"}, "display": "Whispered"}


class Record:
    """A patient of whom a source's client has pushed one entry on a blocked day, and others that refer to it.

    Takes: `there`: whether it has, for the same is referred to.
    """

    def __init__(self, kit, house, there):
        self.house, self.kit = house, kit
        self.patient = house.enroll()
        for who in ("doctor", "sister"):
            house.near(self.patient, who)
        ground = {
            "start": kit.NOW - timedelta(days=1),
            "state": "active",
            "recorded": kit.NOW,
            "recorded_by": "test",
            "end": None,
        }
        inner = {"type": "inner", "regime": "SVOD", "provider": kit.P1, "unit": kit.U1, "excluded": ()}
        house.ground(self.patient, Block(id="block", **ground, **inner, **BLOCKED))
        day, blocked = "2040-11-02", "2040-10-22"
        self.push("Observation", "hidden", self.observation(blocked, valueString="Whispered"), there)
        self.push("Encounter", "stay", {"status": "finished", "class": {"code": "AMB"}, "period": {"start": blocked}}, there)
        self.push("Observation", "shown", self.observation(day))
        hidden, shown = self.to("Observation", "hidden") | ABOUT, self.to("Observation", "shown") | {"display": "Openly"}
        version = {"reference": hidden["reference"] + "/_history/1"}
        absolute = {"reference": f"{kit.BASE}/fhir/{hidden['reference']}"}
        inner = [{"resourceType": "Observation", "id": "c", "status": "final", "code": {"text": "c"}, "hasMember": [hidden]}]
        report = self.observation(day, hasMember=[hidden, shown, version, absolute], encounter=self.to("Encounter", "stay"))
        report |= {"contained": inner, "derivedFrom": [{"reference": "#c"}]}
        report |= {"extension": [{"url": "urn:x", "valueReference": hidden}, {"url": "urn:y", "valueUri": "Observation/x"}]}
        self.push("Observation", "report", report)
        subject = {"subject": self.to("Patient", "")}
        items = {"status": "current", "mode": "working", "date": day, "entry": [{"item": hidden}, {"item": shown}]}
        self.push("List", "list", subject | items)
        made = {"recorded": f"{day}T00:00:00Z", "agent": [{"who": subject["subject"]}]}
        made |= {"target": [subject["subject"], hidden], "entity": [{"role": "source", "what": hidden}]}
        self.push("Provenance", "origin", made)
        document = {"status": "current", "date": f"{day}T08:00:00Z", "content": [{"attachment": {"title": "t"}}]}
        related = [{"code": "replaces", "target": self.to("DocumentReference", "old")}]
        self.push("DocumentReference", "new", subject | document | {"relatesTo": related})

    def to(self, kind, name):
        return {"reference": f"{kind}/{self.patient.id if kind == 'Patient' else f'{name}'}"}

    def observation(self, day, **more):
        return self.kit.observation(self.patient, effectiveDateTime=f"{day}T08:00:00Z", **more)

    def push(self, kind, name, held, there=True):
        self.house.clock.move(seconds=1)  # also where it is not there: what is pushed beside it has its own time
        if not there:
            return
        about = {"subject": self.to("Patient", "")} if kind == "Encounter" else {}
        made = {"resourceType": kind, "id": name} | about | held
        answer = self.house.do("PUT", f"/fhir/{kind}/{made['id']}", SOURCE, resource=made)
        assert answer.status_code == 201, answer.text

    def get(self, path, who="sister", **more):
        return self.house.get("/fhir/" + path.replace("PATIENT", self.patient.id), who, **more)

    def told(self, path):
        """Status, headers and what is said, without what no two answers share."""
        answer = self.get(path)
        headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
        return answer.status_code, headers, re.sub('_cursor=[^"&]+', "", answer.text)


@pytest.fixture(scope="module")
def records(kit, tmp_path_factory, sqlite_template):
    """In two hubs: the same record, with what is withheld from the reader and without."""
    made = []
    for there in (True, False):
        folder = tmp_path_factory.mktemp("across")
        (folder / "hub.db").write_bytes(sqlite_template.read_bytes())
        made.append(Record(kit, kit.House(f"sqlite:///{folder / 'hub.db'}", folder), there))
    yield made
    for each in made:
        each.house.close()


@pytest.fixture(scope="module")
def record(kit, shared):
    """The record with what is withheld, on each database."""
    return Record(kit, shared, True)


PATHS = (
    *("Observation/report", "Observation/report?_elements=hasMember", "Observation/report?_summary=true", "List/list"),
    *("Observation/hidden", "Encounter/stay", "Provenance/origin", "Observation/report/_history"),
    *("Observation/_history?_count=2", "_history", "Patient/PATIENT/$everything", "Patient/PATIENT/$everything?_count=2"),
    *("Observation?patient=PATIENT", "Observation?patient=PATIENT&has-member=Observation/hidden"),
    *("Observation?patient=PATIENT&has-member=hidden", "Observation?patient=PATIENT&has-member:Observation=hidden"),
    *("Observation?patient=PATIENT&has-member=http://hub.example.org/fhir/Observation/hidden",),
    *("Observation?patient=PATIENT&encounter:missing=true", "Observation?patient=PATIENT&encounter:missing=false"),
    "Observation?patient=PATIENT&has-member:identifier=urn:lab|v-hidden",
    "Observation?patient=PATIENT&has-member:identifier=urn:lab|",
    "Observation?patient=PATIENT&_filter=has-member re Observation/hidden",
    "Observation?patient=PATIENT&_filter=encounter pr true",
    *("Observation?patient=PATIENT&_sort=encounter", "Observation?patient=PATIENT&_sort=-has-member&_count=1"),
    *("Observation?patient=PATIENT&_content=whispered", "Observation?patient=PATIENT&_include=*&_revinclude=*"),
    *("Observation?patient=PATIENT&_has:List:item:status=current", "List?patient=PATIENT&item=Observation/hidden"),
    *("List?patient=PATIENT&item.status=final", "Provenance?target=Observation/hidden&patient=PATIENT"),
    *("Observation?patient=PATIENT&_list=list", "Observation/_history?_list=list"),
    *("DocumentReference?patient=PATIENT", "DocumentReference?patient=PATIENT&relatesto=DocumentReference/old"),
    *("DocumentReference?patient=PATIENT&relationship=replaces$DocumentReference/old", "?_type=List,Observation&patient=PATIENT"),
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_what_is_withheld_and_what_is_not_there_are_referred_to_alike(records, path):
    one, other = (each.told(path) for each in records)
    assert one == other
    assert "hidden" not in re.sub('"url":"[^"]*"', "", one[2]), "nothing of it is said but what was asked"
    assert "Whispered" not in one[2]


def test_the_reader_is_shown_what_is_released_and_the_rest_is_left_out(record):
    shown = record.get("Observation/report").json()
    assert shown["hasMember"] == [{"reference": "Observation/shown", "display": "Openly"}]
    assert "encounter" not in shown
    assert shown["extension"] == [{"url": "urn:y", "valueUri": "Observation/x"}]
    assert shown["derivedFrom"] == [{"reference": "#c"}]
    assert "hasMember" not in shown["contained"][0]
    origin = record.get("Provenance/origin").json()
    assert (origin["target"], origin["entity"]) == ([record.to("Patient", "")], [{"role": "source", "what": ABSENT}])
    assert record.get("List/list").json()["entry"][0] == {"item": ABSENT}
    found = record.get("Observation?patient=PATIENT&has-member=Observation/shown").json()
    assert [each["resource"]["id"] for each in found["entry"] if each["search"]["mode"] == "match"] == ["report"]


@pytest.mark.parametrize("who", ["doctor", SOURCE])
def test_whom_it_is_released_to_and_the_source_itself_are_shown_and_find_all(record, who):
    held = record.get("Observation/report", who).json()
    assert [each["reference"] for each in held["hasMember"]] == [
        *("Observation/hidden", "Observation/shown", "Observation/hidden/_history/1", "Observation/hidden"),
    ]
    assert held["encounter"] == {"reference": "Encounter/stay"}
    for query in ("has-member=Observation/hidden", "encounter=Encounter/stay", "has-member:identifier=urn:lab|v-hidden"):
        found = record.get(f"Observation?patient=PATIENT&{query}", who).json()
        assert [each["resource"]["id"] for each in found["entry"] if each["search"]["mode"] == "match"] == ["report"], query


SPELLINGS = (
    *("HTTP://hub.example.org/fhir", "http://HUB.example.org/fhir", "http://hub.example.org:80/fhir", "https://hub.example.org/fhir"),
    *(r"http:\/\/hub.example.org\/fhir", r"http:\u002f\u002fhub.example.org\u002ffhir"),
)  # fmt: skip


@pytest.mark.parametrize("base", SPELLINGS)
def test_the_hubs_own_address_is_known_however_a_source_writes_it(record, base):
    made = record.observation("2040-11-03", hasMember=[{"reference": "BASE/Observation/hidden"}])
    written = json.dumps({"resourceType": "Observation", "id": "spelt"} | made).replace("BASE", base)
    origin = {"resourceType": "Provenance", "recorded": "2040-11-03T00:00:00Z", "agent": [{"who": record.to("Patient", "")}]}
    origin |= {"entity": [{"role": "source", "what": {"reference": "BASE/Observation/hidden"}}]}
    headers = {"content-type": "application/fhir+json", "x-provenance": json.dumps(origin).replace("BASE", base)}
    record.house.clock.move(seconds=1)
    assert record.house.do("PUT", "/fhir/Observation/spelt", SOURCE, content=written, headers=headers).status_code in (200, 201)
    shown = record.get("Observation/spelt").json()
    assert "hasMember" not in shown
    held = record.get("Observation/spelt", SOURCE).json()
    assert held["hasMember"] == [{"reference": "Observation/hidden"}]
    told = record.get("Provenance?target=Observation/spelt", SOURCE).json()["entry"][0]["resource"]
    assert told["entity"][0]["what"] == {"reference": "Observation/hidden"}
    record.house.do("DELETE", "/fhir/Observation/spelt", SOURCE)


def test_the_words_that_it_is_spoken_of_by_find_it_for_the_source_alone(record):
    def found(who):
        bundle = record.get("Observation?patient=PATIENT&_content=whispered", who).json()
        return [each["resource"]["id"] for each in bundle.get("entry", ()) if each["search"]["mode"] == "match"]

    assert found(SOURCE) == ["report", "hidden"]
    assert found("doctor") == ["hidden"]
    assert found("sister") == []


def test_a_reference_to_what_comes_later_is_shown_from_then_on(record):
    late = record
    late.push("Observation", "waiting", late.observation("2040-11-03", hasMember=[late.to("Observation", "later")]))
    assert "hasMember" not in late.get("Observation/waiting").json()
    tag = {"if-none-match": late.get("Observation/waiting").headers["etag"]}
    late.push("Observation", "later", late.observation("2040-11-03"))
    assert late.get("Observation/waiting", headers=tag).status_code == 200, "the version stays, and what is shown of it is more"
    assert late.get("Observation/waiting", SOURCE, headers=tag).status_code == 304
    assert late.get("Observation/waiting").json()["hasMember"] == [{"reference": "Observation/later"}]
    late.house.do("DELETE", "/fhir/Observation/later", SOURCE)
    again = late.get("Observation/waiting", headers=tag)
    assert again.status_code == 200, "nor is a copy confirmed that shows what is no longer shown"
    assert "hasMember" not in again.json()
    late.house.do("DELETE", "/fhir/Observation/waiting", SOURCE)


@pytest.mark.parametrize("others", [[], ["hidden"]])
def test_what_a_client_wrote_is_answered_anew_whether_or_not_it_refers_to_something_withheld(record, others):
    itself, tells = record.to("Observation", "selfish"), [record.to("Observation", each) for each in others]
    record.push("Observation", "selfish", record.observation("2040-11-04", hasMember=[itself, *tells]))
    answer = record.get("Observation/selfish")
    assert answer.json()["hasMember"] == [itself]
    tag = {"if-none-match": answer.headers["etag"]}
    assert record.get("Observation/selfish", headers=tag).status_code == 200
    assert record.get("Observation/selfish", SOURCE, headers=tag).status_code == 304
    record.house.do("DELETE", "/fhir/Observation/selfish", SOURCE)


def test_who_patches_what_a_colleague_wrote_patches_what_is_shown_of_it(record):
    one = record
    made = {"resourceType": "Communication", "status": "completed", "subject": one.to("Patient", "")}
    made |= {"about": [one.to("Observation", "hidden"), one.to("Observation", "shown")]}
    answer = one.house.post("/fhir/Communication", "sister", resource=made)
    assert answer.json()["about"] == made["about"], "as it was written"
    where = f"/fhir/Communication/{answer.json()['id']}"
    assert one.house.get(where, "sister").json()["about"] == made["about"][1:]
    patch = [{"op": "test", "path": "/about/0/reference", "value": "Observation/hidden"}]
    headers = {"content-type": "application/json-patch+json"}
    assert one.house.do("PATCH", where, "sister", json=patch, headers=headers).status_code == 422
    absolute = f"{one.kit.BASE}/fhir/Observation/hidden"
    patch = [{"op": "add", "path": "/about/-", "value": {"reference": absolute}}]
    assert one.house.do("PATCH", where, "sister", json=patch, headers=headers).status_code == 200
    assert one.house.get(where, "sister").json()["about"] == made["about"][1:]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_who_changes_one_element_does_not_undo_another_of_which_something_is_not_shown(record, method):
    one = record
    made = {"resourceType": "Communication", "status": "in-progress", "subject": one.to("Patient", "")}
    made |= {"about": [one.to("Observation", "hidden"), one.to("Observation", "shown")]}
    made |= {"inResponseTo": [one.to("Communication", "never")], "payload": [{"contentString": "Ring"}]}
    where = f"/fhir/Communication/{one.house.post('/fhir/Communication', 'sister', resource=made).json()['id']}"
    read = one.house.get(where, "sister").json()
    assert "inResponseTo" not in read
    one.house.clock.move(seconds=1)
    if method == "PUT":
        answer = one.house.do("PUT", where, "sister", resource=read | {"status": "completed"})
    else:
        patch, headers = (
            [{"op": "replace", "path": "/status", "value": "completed"}],
            {"content-type": "application/json-patch+json"},
        )
        answer = one.house.do("PATCH", where, "sister", json=patch, headers=headers)
    told = answer.json()
    assert told == read | {"status": "completed", "meta": told["meta"]}
    assert answer.content == one.house.get(where, "sister").content
    assert told["meta"]["versionId"] != read["meta"]["versionId"]
    assert one.house.get(where, "doctor").status_code == 200, "to whom all of it is released"
    assert one.house.get(where, "doctor").json()["about"] == made["about"]


def test_among_many_patients_a_unit_is_shown_what_its_own_entries_say_of_each_other(record, kit):
    away = record.house.hold(record.patient, "away", provider=kit.P2, unit=kit.U3, source="register")
    both = [record.to("Observation", "shown"), {"reference": f"Observation/{away}"}]
    record.push("Observation", "list-of-two", record.observation("2040-11-05", hasMember=both))
    assert record.house.post("/access/needs", "doctor", json={"type": "worklist", "reason": "list"}).status_code == 201
    found = record.get("Observation?_id=list-of-two", "doctor").json()["entry"][0]["resource"]
    assert found["hasMember"] == both[:1]
    for target, hits in ((both[0], 1), (both[1], 0)):
        asked = f"Observation?_id=list-of-two&has-member={target['reference']}&_summary=count"
        assert record.get(asked, "doctor").json()["total"] == hits


def test_somebody_close_to_the_patient_is_referred_to_where_that_person_is_seen(record, kit):
    person = {"resourceType": "RelatedPerson", "patient": record.to("Patient", ""), "name": [{"text": "Nora"}]}
    known = record.house.hold(record.patient, "known", person, source="register")
    record.push("RelatedPerson", "made-up", person | {"id": "made-up"})
    both = [{"reference": f"RelatedPerson/{known}"}, {"reference": "RelatedPerson/made-up"}]
    record.push("Observation", "told", record.observation("2040-11-06", performer=both))
    assert record.get("Observation/told").json()["performer"] == both[:1]
    for target, hits in zip(both, (1, 0), strict=True):
        asked = f"Observation?patient=PATIENT&performer={target['reference']}&_summary=count"
        assert record.get(asked).json()["total"] == hits
    assert record.get("Observation?patient=PATIENT&_id=told&performer:missing=false&_summary=count").json()["total"] == 1
