"""What everyone must see: hand-written answers for the telling cases, and laws that hold for all of them."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hub.demo.expected import age, judge, seen, sight, withheld
from hub.demo.personas import PERSONAS, SYSTEM_CLIENT, Persona, persona
from hub.demo.world import organisations as o
from hub.demo.world.access import Block, Revoke
from hub.demo.world.model import World
from hub.demo.world.scribe import STOCKHOLM
from hub.demo.world.stories.berglund import JONAS, MAJA
from hub.demo.world.stories.folke import FOLKE
from hub.demo.world.stories.forsman import ASTRID, WILMA
from hub.demo.world.stories.ingrid import INGRID
from hub.demo.world.stories.newcomers import SAMUEL, VIKTOR
from hub.demo.world.stories.nordin import ALVA, ELIN
from hub.demo.world.stories.sara import SARA
from hub.demo.world.stories.young import HUGO

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=STOCKHOLM)


def keys(world: World, name: str, number: str, now: datetime = NOW) -> set[str]:
    return {each.key for each in seen(world, persona(name), number, now)}


def held(world: World, number: str, *systems: str) -> set[str]:
    """Keys of all that these systems hold of a person."""
    return {fact.key for fact in world.of_person(number) if fact.custody.system in systems}


def rule(world: World, name: str, key: str) -> str:
    """Outcome and rule for one record."""
    fact = next(fact for fact in world.held if fact.key == key)
    judgement = judge(world, persona(name), fact, NOW)
    return f"{judgement.outcome} {judgement.rule}"


def test_the_heart_physician_sees_all_of_the_main_story_in_six_systems(world: World) -> None:
    assert keys(world, "lakare-norrdal-1", INGRID) == {fact.key for fact in world.of_person(INGRID)}


def test_the_second_physician_of_norrdal_sees_norrdal_alone_for_want_of_consent(world: World) -> None:
    assert keys(world, "lakare-norrdal-2", INGRID) == held(world, INGRID, o.REGION_NORRDAL, o.HOSPITAL)


def test_the_physician_in_vastvik_whose_consent_was_ended_sees_vastvik_alone(world: World) -> None:
    assert keys(world, "lakare-vastvik", INGRID) == held(world, INGRID, o.REGION_VASTVIK)


def test_the_nurse_without_cross_provider_scope_sees_norrdal_and_what_the_patient_shares(world: World) -> None:
    assert keys(world, "sjukskoterska-norrdal", INGRID) == held(world, INGRID, o.REGION_NORRDAL, o.HOSPITAL, o.OWN)
    assert rule(world, "sjukskoterska-norrdal", "cp-flimmer-1") == "HIDE R12"


def test_the_private_physician_without_a_relation_is_asked_for_one(world: World) -> None:
    assert keys(world, "lakare-hjartgarden", INGRID) == set()
    assert rule(world, "lakare-hjartgarden", "cp-flimmer-1") == "ASK R21"
    assert rule(world, "lakare-hjartgarden", "VP-2026-004711") == "ASK R44"


def test_the_social_care_officer_sees_the_home_care_s_own_and_by_consent_the_rest(world: World) -> None:
    assert rule(world, "bistandshandlaggare", "GP-0931") == "PERMIT R80"
    assert rule(world, "bistandshandlaggare", "HSV-2201") == "PERMIT R84"
    assert rule(world, "bistandshandlaggare", "HSV-1804") == "EXISTS R48"
    assert keys(world, "bistandshandlaggare", FOLKE) == {"GP-0755", "VT-0755"}
    assert keys(world, "bistandshandlaggare", HUGO) == {"BS-0131"}


def test_the_patient_sees_all_that_is_released_and_no_unreleased_result(world: World) -> None:
    own = keys(world, "patient-ingrid", INGRID)
    assert own == {fact.key for fact in world.of_person(INGRID)} - {"SVC-7399"}
    assert keys(world, "patient-ingrid", SAMUEL) == set()


def test_blocks_do_not_bind_the_patient(world: World) -> None:
    assert keys(world, "patient-jonas", JONAS) == {fact.key for fact in world.of_person(JONAS)}


def test_an_inner_block_closes_the_clinic_to_the_own_provider_and_an_outer_one_the_other_provider_in_spite_of_consent(
    world: World,
) -> None:
    for name in ("lakare-norrdal-1", "lakare-norrdal-2"):
        assert keys(world, name, JONAS) == {"SVC-8101", "NO-510001"}
        assert rule(world, name, "VP-2026-005120") == "BLOCKED_EXISTS R31"
        assert rule(world, name, "NB-71210") == "BLOCKED_EXISTS R31"
        assert rule(world, name, "BER-4401") == "BLOCKED_EXISTS R42"
    assert rule(world, "bemyndigad-norrdal", "VP-2026-005120") == "ASK R21"
    assert rule(world, "lakare-vastvik", "VP-2026-005120") == "BLOCKED_EXISTS R42"
    assert keys(world, "lakare-vastvik", JONAS) == {"BM-1021", "BM-1033", "VL-921101", "V-781001", "BER-4401"}


def test_a_guardian_sees_what_is_released_of_the_own_child_alone(world: World) -> None:
    assert keys(world, "vardnadshavare-elin", ALVA) == {fact.key for fact in world.of_person(ALVA)}
    assert keys(world, "vardnadshavare-elin", MAJA) == set()
    assert keys(world, "vardnadshavare-elin", ELIN) == set()
    assert keys(world, "vardnadshavare-jonas", MAJA) == {fact.key for fact in world.of_person(MAJA)} - {"SVC-8120"}


def test_a_guardian_sees_nothing_from_the_child_s_thirteenth_birthday(world: World) -> None:
    before, after = datetime(2027, 2, 18, 23, 59, tzinfo=STOCKHOLM), datetime(2027, 2, 19, 0, 0, tzinfo=STOCKHOLM)
    assert keys(world, "vardnadshavare-jonas", MAJA, before)
    assert keys(world, "vardnadshavare-jonas", MAJA, after) == set()


def test_a_child_s_data_elsewhere_opens_when_it_is_stated_that_it_cannot_consent(world: World) -> None:
    assert keys(world, "lakare-vastvik", ALVA) == {fact.key for fact in world.of_person(ALVA)}
    assert rule(world, "lakare-vastvik", "NO-530001") == "PERMIT R46"


def test_an_emergency_opens_care_data_elsewhere_but_no_social_care_and_the_first_step_opens_nothing(world: World) -> None:
    assert rule(world, "lakare-norrdal-1", "GER-P-31") == "PERMIT R51"
    assert rule(world, "lakare-norrdal-1", "HSV-1804") == "WHO R50"
    assert rule(world, "lakare-norrdal-1", "GP-0755") == "EXISTS R54"
    assert rule(world, "lakare-vastvik", "HSV-1804") == "WHO R52"
    assert keys(world, "lakare-vastvik", FOLKE) == held(world, FOLKE, o.REGION_VASTVIK)


def test_of_a_deceased_person_nothing_is_seen_across_providers(world: World) -> None:
    assert keys(world, "lakare-norrdal-2", ASTRID) == held(world, ASTRID, o.REGION_NORRDAL)
    assert rule(world, "lakare-norrdal-2", "LVC-K-0901") == "HIDE R41"
    assert rule(world, "lakare-vastvik", "SVC-0901") == "HIDE R41"


def test_records_under_an_older_number_are_the_person_s_and_a_consent_to_one_employee_is_that_employee_s(world: World) -> None:
    seen_elsewhere = keys(world, "lakare-norrdal-2", SAMUEL)
    assert {"LVC-K-0710", "VL-880112", "V-700120"} <= seen_elsewhere
    assert keys(world, "lakare-norrdal-1", SAMUEL) == {"SVC-8300"}


def test_what_is_nullified_or_names_no_unit_is_seen_by_its_own_clinic_or_by_nobody(world: World) -> None:
    assert rule(world, "lakare-vastvik", "LVC-88241") == "PERMIT R04"
    assert rule(world, "lakare-norrdal-2", "LVC-88241") == "HIDE R04"
    assert rule(world, "lakare-vastvik", "VL-924044") == "HIDE R09"


def test_reviewer_technician_and_block_administrator_see_no_clinical_data(world: World) -> None:
    for number in world.persons:
        for name in ("loggranskare-norrdal", "tekniker", "sparradministrator-norrdal"):
            assert keys(world, name, number) == set()


def test_the_hospital_s_client_sees_what_the_hospital_sent_and_nothing_else(world: World) -> None:
    for number in world.persons:
        assert keys(world, SYSTEM_CLIENT, number) == held(world, number, o.HOSPITAL)


def test_protected_identity_closes_no_record_by_itself(world: World) -> None:
    assert keys(world, "lakare-norrdal-2", SARA) == {fact.key for fact in world.of_person(SARA)}


def test_of_somebody_without_data_nothing_is_seen_and_nothing_withheld(world: World) -> None:
    for one in PERSONAS:
        assert (seen(world, one, WILMA, NOW), withheld(world, one, WILMA, NOW)) == (frozenset(), {})


@pytest.mark.parametrize("one", PERSONAS, ids=lambda one: one.name)
def test_every_record_is_either_seen_or_withheld_for_a_reason(world: World, one: Persona) -> None:
    for number in world.persons:
        assert len(seen(world, one, number, NOW)) + sum(withheld(world, one, number, NOW).values()) == len(
            world.of_person(number)
        )


def test_no_two_records_of_a_person_look_the_same(world: World) -> None:
    for number in world.persons:
        facts = world.of_person(number)
        assert len({(fact.custody.system, sight(fact)) for fact in facts}) == len({sight(fact) for fact in facts}) == len(facts)


def test_adding_a_block_never_shows_more_and_lifting_it_never_less(world: World) -> None:
    now = NOW + timedelta(hours=1)
    for number in (INGRID, SAMUEL, VIKTOR, FOLKE):
        for provider, unit in {(fact.custody.provider, fact.custody.unit) for fact in world.of_person(number)} - {("", "")}:
            for kind in ("inner", "outer"):
                block = Block(key="more", person=number, kind=kind, provider=provider, unit=unit if kind == "inner" else "")  # type: ignore[arg-type]  # one of the two
                blocked = replace(world, access=replace(world.access, blocks=(*world.access.blocks, block)))
                for one in PERSONAS:
                    narrow, wide = seen(blocked, one, number, now), seen(world, one, number, now)
                    assert narrow <= wide
                    lift = Revoke(block="more", unit=one.unit, end=now + timedelta(hours=1))
                    lifted = replace(blocked, access=replace(blocked.access, revokes=(lift,)))
                    assert seen(lifted, one, number, now) == wide


def test_what_is_shown_ends_with_the_grounds(world: World) -> None:
    late = NOW + timedelta(days=400)
    staff = [one for one in PERSONAS if one.employee]
    assert not [one.name for one in staff for number in world.persons if seen(world, one, number, late)]


def test_age_turns_on_the_swedish_birthday(world: World) -> None:
    maja = world.persons[MAJA]
    assert age(maja, datetime(2027, 2, 18, 22, 59, 59, tzinfo=STOCKHOLM)) == 12
    assert age(maja, datetime(2027, 2, 19, 0, 0, tzinfo=STOCKHOLM)) == 13


def test_every_persona_of_care_sees_something_and_nobody_of_staff_sees_everything(world: World) -> None:
    for one in PERSONAS:
        shown = {each for number in world.persons for each in seen(world, one, number, NOW)}
        if one.name in ("lakare-norrdal-1", "lakare-norrdal-2", "lakare-vastvik", "sjukskoterska-norrdal", "bistandshandlaggare"):
            assert 0 < len(shown) < len(world.held)
