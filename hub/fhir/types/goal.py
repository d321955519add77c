"""Goal: what care is to reach. http://hl7.org/fhir/R4/goal.html"""

from hub.fhir.types import ResourceType, date, identifier, of_patient, reference, token

GOAL = ResourceType(
    name="Goal",
    patient=("subject",),
    search=(
        token("lifecycle-status", "lifecycleStatus", system="http://hl7.org/fhir/goal-status"),
        token("achievement-status", "achievementStatus"),
        token("category", "category"),
        identifier("identifier", "identifier"),
        date("start-date", "startDate"),
        date("target-date", "target.dueDate"),
        of_patient("subject", "subject"),
        reference("subject", "subject", to="Group Organization Patient"),
    ),
    sort="start-date",
)
