"""The bench's persons are nobody's, and its messages are read in full."""

from bench import messages, world
from hub.fhir.identifiers import is_sound
from hub.hub import MAPPERS


def test_persons_have_numbers_of_their_own_with_right_check_digits_and_were_born_long_ago():
    people = [world.person(row) for row in range(20_000)]
    assert len({one.number for one in people}) == len(people)
    assert all(is_sound(one.number) and 1800 <= one.born.year < 1840 for one in people)


def test_a_person_has_fifty_observations():
    kinds = [each["resourceType"] for record in world.records(b"k" * 32, world.person(3), "p") for each in record.resources]
    assert kinds.count("Observation") == 50


def test_messages_become_all_their_results():
    report = MAPPERS["hl7v2_oru_r01"].map(messages.oru(world.person(0)), messages.SETTINGS)
    answer = MAPPERS["rivta_laboratory"].map(messages.laboratory(world.person(0), 1), messages.SETTINGS)
    found = [
        [each.resource["resourceType"] for entry in mapped.entries for each in entry.resources].count("Observation")
        for mapped in (report, answer)
    ]
    assert (found, report.issues, answer.issues) == ([20, 50], (), ())
