"""Every shape of dosage, as the contract has them: what becomes structure, what stays text."""

from decimal import Decimal

import pytest
from lxml import etree

from hub.mappers._rivta_dosage import dosages
from hub.mappers._tracked import tree

UCUM = "http://unitsofmeasure.org"
DAYS = {"unit": "d", "system": UCUM, "code": "d"}


def dose(low="1", high="1", unit=""):
    ends = "".join(f"<{name}>{value}</{name}>" for name, value in (("low", low), ("high", high)) if value)
    return f"<dose>{ends}<unit>{unit}</unit></dose>"


def pq(name, value, unit):
    return f"<{name}><value>{value}</value><unit>{unit}</unit></{name}>"


def frequency(value="2", unit="/d", given=None):
    return f"<frequencyDosage>{given or dose()}{pq('frequency', value, unit)}</frequencyDosage>"


def period(value="6", unit="h", given=None):
    return f"<periodDosage>{given or dose()}{pq('period', value, unit)}</periodDosage>"


def ramp(start, end, step="1", by="3", unit="d"):
    ends = f"<rampStart>{start}</rampStart><rampEnd>{end}</rampEnd>"
    return f"<rampedDosage>{pq('doseStep', step, 'mg')}{pq('timeStep', by, unit)}{ends}</rampedDosage>"


def mg(amount):
    return frequency("1", "/d", dose(amount, amount, "mg"))


def read(*items, drug="", within=None):
    content = "".join(f"<dosage>{item}</dosage>" for item in items)
    root = etree.fromstring(f"<drug>{drug}{content}</drug>")
    issues = []
    node = tree(root, lambda _: True, issues)
    found = dosages(node, within)
    assert node.coverage().unmapped == {}
    return found


def fixed(shape):
    return f"<setDosage>{shape}</setDosage>"


def test_a_frequency_with_one_dose():
    (found,) = read(fixed(frequency()))
    assert found["timing"]["repeat"] == {"frequency": 2, "period": 1, "periodUnit": "d"}
    assert found["doseAndRate"] == [{"doseQuantity": {"value": Decimal(1)}}]
    assert found["sequence"] == 1


@pytest.mark.parametrize(
    ("low", "high", "given"),
    [
        ("1", "1.0", {"doseQuantity": {"value": Decimal("1")}}),
        ("1", "2", {"doseRange": {"low": {"value": Decimal(1)}, "high": {"value": Decimal(2)}}}),
        ("1", "", {"doseRange": {"low": {"value": Decimal(1)}}}),
        ("", "2", {"doseRange": {"high": {"value": Decimal(2)}}}),
    ],
)
def test_a_dose_is_a_quantity_or_a_range_with_the_bounds_that_are_given(low, high, given):
    (found,) = read(fixed(frequency(given=dose(low, high))))
    assert found["doseAndRate"] == [given]


@pytest.mark.parametrize(
    ("unit", "named", "written"),
    [
        ("mg", "", {"unit": "mg", "system": UCUM, "code": "mg"}),
        ("tablett", "", {"unit": "tablett"}),
        ("{tablett}", "tablett", {"unit": "tablett"}),
        ("", "tablett", {"unit": "tablett"}),
        ("", "", {}),
    ],
)
def test_only_ucum_is_called_ucum(unit, named, written):
    item = (f"<unitDose><originalText>{named}</originalText></unitDose>" if named else "") + fixed(
        frequency(given=dose("1", "1", unit))
    )
    (found,) = read(item)
    assert found["doseAndRate"][0]["doseQuantity"] == {"value": Decimal(1)} | written


def test_a_unit_that_is_not_the_name_of_the_dose_is_kept_beside_it():
    (found,) = read("<unitDose><originalText>tablett</originalText></unitDose>" + fixed(frequency(given=dose("1", "1", "st"))))
    quantity = found["doseAndRate"][0]["doseQuantity"]
    assert quantity["unit"] == "tablett"
    assert quantity["extension"][0]["valueString"] == "st"


def test_a_period_is_once_each_time():
    (found,) = read(fixed(period()))
    assert found["timing"]["repeat"] == {"frequency": 1, "period": Decimal(6), "periodUnit": "h"}


@pytest.mark.parametrize("shape", [frequency("0.333"), frequency("3", "d"), period("6", "1/h"), period("1", "1/6 tim")])
def test_what_is_no_clear_ratio_is_text_and_never_a_timing(shape):
    (found,) = read(fixed(shape))
    assert "timing" not in found
    assert found["text"]


def test_the_prescribers_own_text_always_stands_first():
    (found,) = read("<dosageInstruction>En var tredje dag</dosageInstruction>" + fixed(frequency("0.333")))
    assert found["text"] == "En var tredje dag"
    assert found["additionalInstruction"] == [{"text": "0.333 /d"}]


def occasion(words, day="1"):
    return f"<administration>{dose()}<time>{words}</time><dayOfPeriod>{day}</dayOfPeriod></administration>"


def occasions(*parts, value="1", unit="d"):
    return fixed(f"<occasionDosage>{pq('period', value, unit)}{''.join(parts)}</occasionDosage>")


def test_occasions_are_one_dosage_each_under_one_number():
    morning, lunch, other = read(occasions(occasion("Klockan 08:00"), occasion("innan lunch"), occasion("efter duschen")))
    assert {dosage["sequence"] for dosage in (morning, lunch, other)} == {1}
    assert morning["timing"]["repeat"]["timeOfDay"] == ["08:00:00"]
    assert lunch["timing"]["repeat"]["when"] == ["ACD"]
    assert other["text"] == "efter duschen"
    assert "when" not in other["timing"]["repeat"]


def test_a_time_of_day_and_an_event_of_the_day_never_stand_together():
    repeats = [d["timing"]["repeat"] for d in read(occasions(occasion("19:30"), occasion("före frukost")))]
    assert all(not {"timeOfDay", "when"} <= repeat.keys() for repeat in repeats)


def test_the_day_of_a_longer_period_is_kept():
    first, second = read(occasions(occasion("8:00"), occasion("8:00", "3"), value="7"))
    assert [d["extension"][0]["valueInteger"] for d in (first, second)] == [1, 3]
    assert first["timing"]["repeat"]["period"] == Decimal(7)


def test_a_ramp_becomes_its_steps_and_the_last_one_is_open():
    steps = read(fixed(ramp(mg("3"), mg("1"))), fixed(frequency()))
    assert [d["sequence"] for d in steps] == [1, 2, 3, 4]
    assert [d["doseAndRate"][0]["doseQuantity"]["value"] for d in steps[:3]] == [3, 2, 1]
    assert [d["timing"]["repeat"].get("boundsDuration") for d in steps[:3]] == [{"value": Decimal(3), **DAYS}] * 2 + [None]


@pytest.mark.parametrize(
    "shape",
    [
        ramp(mg("1"), mg("2"), "0.3"),  # no whole number of steps
        ramp(mg("1"), mg("62")),  # too many
        ramp(mg("1"), frequency("1", "/d", dose("3", "3", "g"))),  # units differ
        ramp(mg("1"), frequency("2", "/d", dose("3", "3", "mg"))),  # the frequency changes too
        ramp(mg("1"), mg("3"), unit="kurer"),
        ramp("<singleDose>" + dose("1", "1", "mg") + "</singleDose>", mg("3")),
    ],
)
def test_a_ramp_that_does_not_add_up_is_text(shape):
    (found,) = read(fixed(shape))
    assert found["text"].startswith("Från ")
    assert "doseAndRate" not in found


@pytest.mark.parametrize(
    ("low", "high", "unit", "longest", "bounds"),
    [
        ("10", "10", "d", "false", {"boundsDuration": {"value": Decimal(10), **DAYS}}),
        ("5", "7", "d", "false", {"boundsRange": {"low": {"value": Decimal(5), **DAYS}, "high": {"value": Decimal(7), **DAYS}}}),
        ("5", "7", "d", "true", {"boundsRange": {"high": {"value": Decimal(7), **DAYS}}}),
    ],
)
def test_a_length_of_treatment_bounds_the_dosage(low, high, unit, longest, bounds):
    interval = f"<treatmentInterval><low>{low}</low><high>{high}</high><unit>{unit}</unit></treatmentInterval>"
    length = f"<lengthOfTreatment>{interval}<isMaximumTreatmentTime>{longest}</isMaximumTreatmentTime></lengthOfTreatment>"
    (found,) = read(length + fixed(frequency()), within={"start": "2026-01-01"})
    assert found["timing"]["repeat"] == bounds | {"frequency": 2, "period": 1, "periodUnit": "d"}


def test_a_length_whose_unit_is_no_time_is_text():
    interval = "<treatmentInterval><low>2</low><high>2</high><unit>kurer</unit></treatmentInterval>"
    length = f"<lengthOfTreatment>{interval}<isMaximumTreatmentTime>false</isMaximumTreatmentTime></lengthOfTreatment>"
    (found,) = read(length + fixed(frequency()))
    assert found["text"] == "Behandlingstid: 2 kurer"


def test_the_length_of_a_whole_ramp_is_never_that_of_its_steps():
    interval = "<treatmentInterval><low>30</low><high>30</high><unit>d</unit></treatmentInterval>"
    length = f"<lengthOfTreatment>{interval}<isMaximumTreatmentTime>false</isMaximumTreatmentTime></lengthOfTreatment>"
    first, second = read(length + fixed(ramp(mg("1"), mg("2"))))
    assert first["timing"]["repeat"]["boundsDuration"]["value"] == 3
    assert "boundsDuration" not in second["timing"]["repeat"]
    assert first["text"] == "Behandlingstid: 30 d"


def test_the_treatments_own_period_bounds_a_lone_dosage_and_no_other():
    (alone,) = read(fixed(frequency()), within={"start": "2026-01-01"})
    assert alone["timing"]["repeat"]["boundsPeriod"] == {"start": "2026-01-01"}
    assert all(
        "boundsPeriod" not in d["timing"]["repeat"] for d in read(fixed(frequency()), fixed(period()), within={"start": "2026"})
    )


def test_a_single_dose_is_an_event_or_at_once():
    (at,) = read(fixed(f"<singleDose>{dose()}<time>20260420080000</time></singleDose>"))
    assert at["timing"] == {"event": ["2026-04-20T08:00:00+02:00"]}
    (now,) = read(fixed(f"<singleDose>{dose()}</singleDose>"))
    assert now["timing"]["repeat"] == {"count": 1}
    assert now["text"] == "omgående"


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ("vid behov", {"asNeededBoolean": True}),
        ("Vid behov.", {"asNeededBoolean": True}),
        ("vid illamående", {"asNeededCodeableConcept": {"text": "vid illamående"}}),
    ],
)
def test_a_condition_is_as_needed(words, needed):
    (found,) = read(f"<conditionalDosage><conditionDescription>{words}</conditionDescription>{frequency()}</conditionalDosage>")
    assert {name: value for name, value in found.items() if name.startswith("asNeeded")} == needed


def test_fixed_and_conditional_dosage_hold_side_by_side():
    needed = f"<conditionalDosage><conditionDescription>vid behov</conditionDescription>{frequency('1')}</conditionalDosage>"
    always, perhaps = read(fixed(frequency()) + needed)
    assert always["sequence"] == perhaps["sequence"] == 1
    assert "asNeededBoolean" not in always
    assert perhaps["asNeededBoolean"] is True


def test_a_maximum_is_its_dose_times_its_frequency():
    item = fixed(frequency()) + f"<maximumDosage>{frequency('4', '/d', dose('1', '2', 'mg'))}</maximumDosage>"
    (found,) = read(item)
    most = found["maxDosePerPeriod"]
    assert most["numerator"] == {"value": Decimal(8), "unit": "mg", "system": UCUM, "code": "mg"}
    assert most["denominator"] == {"value": Decimal(1), **DAYS}


def test_any_other_maximum_is_text():
    (found,) = read(f"<maximumDosage><singleDose>{dose('3', '3', 'st')}</singleDose></maximumDosage>")
    assert found["text"] == "Maxdos: 3 3 st"


def test_the_route_stands_on_every_dosage():
    drug = "<drug><routeOfAdministration><originalText>Oral</originalText></routeOfAdministration></drug>"
    assert [d["route"] for d in read(fixed(frequency()), fixed(period()), drug=drug)] == [{"text": "Oral"}] * 2


def test_free_text_alone_is_the_text():
    (found,) = read(fixed("<unstructuredDosageInformation><text>Enligt schema</text></unstructuredDosageInformation>"))
    assert found == {"sequence": 1, "text": "Enligt schema"}
