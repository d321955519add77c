"""The population register: what each profile tells, of whom, and what becomes of old numbers."""

import pytest

from hub.demo.rivta.register import PROFILES, SYSTEM, register

pytestmark = pytest.mark.anyio

ADULT, OLDER, CHILD, HIDDEN, MARKED, DEAD = (
    "195009072553",
    "196109732393",
    "201402192387",
    "199002222397",
    "196101182803",
    "189002029800",
)


@pytest.fixture
def told(samples, calls):
    """What the register says of a number."""

    async def ask(number, profile="P5", as_is="false"):
        more = f"<r:profile>{profile}</r:profile>", f"<r:ignoreReferredIdentity>{as_is}</r:ignoreReferredIdentity>"
        async with calls(register(samples.world()), SYSTEM) as caller:
            answer = await caller.ask("GetPersonsForProfile", number, *more)
        for element in answer.iter():
            element.tag = element.tag.rpartition("}")[2]
        return answer.find("requestedPersonRecord")

    return ask


async def test_a_person_has_name_address_and_birth(told):
    record = (await told(ADULT)).find("personRecord")
    assert record.findtext("name/givenName/name") == "Bo"
    assert record.findtext("name/middleName/name") == "Ek"
    assert record.findtext("name/surname/name") == "Åström"
    assert record.findtext("addressInformation/residentialAddress/postalCode") == "12345"
    assert record.findtext("birth/dateOfBirth/value") == "1950-09-07"
    assert record.findtext("maritalStatus/maritalStatusCode") == "G"
    assert record.findtext("gender") == "1"
    assert record.findtext("testIndicator") == "true"


@pytest.mark.parametrize(
    ("part", "least"),
    [("name", "P1"), ("addressInformation", "P2"), ("birth", "P4"), ("maritalStatus", "P4"), ("relationship", "P4")],
)
@pytest.mark.parametrize("profile", PROFILES)
async def test_a_profile_tells_what_it_is_for_and_no_more(profile, part, least, told):
    record = (await told(ADULT, profile)).find("personRecord")
    assert (record.find(part) is not None) is (profile >= least)


async def test_an_old_number_gives_todays_person_with_its_links(told):
    row = await told(OLDER)
    assert row.findtext("requestedPersonalIdentity/extension") == OLDER
    assert row.findtext("personRecord/personalIdentity/extension") == ADULT
    link = row.find("personRecord/linkedIdentity")
    assert link.findtext("referredPersonalIdentity/extension") == OLDER
    assert link.findtext("referredPersonalIdentity/root") == "1.2.752.129.2.1.3.3"
    assert link.findtext("primaryIdentity") == "false"


async def test_an_old_number_can_be_read_as_it_is(told):
    record = (await told(OLDER, as_is="true")).find("personRecord")
    assert record.findtext("personalIdentity/extension") == OLDER
    assert record.findtext("primaryIdentity") == "false"
    assert record.findtext("linkedIdentity/referredPersonalIdentity/extension") == ADULT
    assert record.findtext("deregistration/deregistrationReasonCode") == "GN"
    assert record.find("name") is None


@pytest.mark.parametrize(
    ("number", "marked", "hidden"), [(ADULT, "false", None), (MARKED, "true", None), (HIDDEN, "false", "true")]
)
async def test_the_two_kinds_of_protection_are_told_apart(number, marked, hidden, told):
    record = (await told(number)).find("personRecord")
    assert record.findtext("protectedPersonIndicator") == marked
    assert record.findtext("protectedPopulationRecord") == hidden


async def test_a_hidden_person_has_only_the_mediated_address(told):
    addresses = (await told(HIDDEN)).find("personRecord/addressInformation")
    assert [address.tag for address in addresses] == ["specialPostalAddress"]
    assert "Storgatan" not in "".join(addresses.itertext())


async def test_a_child_has_guardians_and_a_guardian_children(told):
    relations = (await told(CHILD)).findall("personRecord/relationship")
    assert [(r.findtext("relationshipType"), r.findtext("relationshipId/personalIdentity/extension")) for r in relations] == [
        ("V", ADULT),
        ("V", DEAD),
    ]
    assert relations[1].findtext("deregistration/deregistrationReasonCode") == "AV"
    (of,) = (await told(ADULT)).findall("personRecord/relationship")
    assert (of.findtext("relationshipType"), of.findtext("relationshipId/personalIdentity/extension")) == ("VF", CHILD)


async def test_the_dead_are_deregistered_with_the_day(told):
    gone = (await told(DEAD)).find("personRecord/deregistration")
    assert gone.findtext("deregistrationReasonCode") == "AV"
    assert gone.findtext("deregistrationDate/value") == "2001-02-03"


async def test_a_number_that_nobody_has_gives_a_row_without_record(told):
    row = await told("191212121212")
    assert row.findtext("requestedPersonalIdentity/extension") == "191212121212"
    assert row.find("personRecord") is None


async def test_several_are_asked_for_at_once(samples, calls):
    other = f"<r:personId><c:root>1.2.752.129.2.1.3.1</c:root><c:extension>{CHILD}</c:extension></r:personId>"
    more = other, "<r:profile>P1</r:profile>", "<r:ignoreReferredIdentity>false</r:ignoreReferredIdentity>"
    async with calls(register(samples.world()), SYSTEM) as caller:
        answer = await caller.ask("GetPersonsForProfile", ADULT, *more)
    assert [e.findtext("{*}requestedPersonalIdentity/{*}extension") for e in answer] == [ADULT, CHILD]


@pytest.mark.parametrize("profile", ["P6", "", "P11"])
async def test_a_reserved_or_unknown_profile_is_refused(profile, samples, calls):
    more = f"<r:profile>{profile}</r:profile>", "<r:ignoreReferredIdentity>false</r:ignoreReferredIdentity>"
    async with calls(register(samples.world()), SYSTEM) as caller:
        assert (await caller.post("GetPersonsForProfile", ADULT, *more)).status_code == 500
