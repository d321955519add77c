"""FHIR 4.0.1's own lists: resource types, and the codes of required bindings in the types of the house.

From HL7's definitions. An element is named by the model that holds it (`CarePlanActivityDetail.kind`).
"""

RESOURCES = frozenset(
    """
    Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary
    BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem
    ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest
    CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage CoverageEligibilityRequest
    CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement
    DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest
    EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit
    FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization
    ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List
    Location Measure MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge
    MedicationRequest MedicationStatement MedicinalProduct MedicinalProductAuthorization
    MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction
    MedicinalProductManufactured MedicinalProductPackaged MedicinalProductPharmaceutical
    MedicinalProductUndesirableEffect MessageDefinition MessageHeader MolecularSequence NamingSystem NutritionOrder
    Observation ObservationDefinition OperationDefinition OperationOutcome Organization OrganizationAffiliation
    Patient PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner PractitionerRole Procedure
    Provenance Questionnaire QuestionnaireResponse RelatedPerson RequestGroup ResearchDefinition
    ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment RiskEvidenceSynthesis Schedule
    SearchParameter ServiceRequest Slot Specimen SpecimenDefinition StructureDefinition StructureMap Subscription
    Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation
    SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities
    TestReport TestScript ValueSet VerificationResult VisionPrescription
    """.split()  # noqa: SIM905 - a list of this length is read as words
)
"""Every resource type but the abstract ones, and Parameters."""

_CODES = {
    "Identifier.use": "usual official temp secondary old",
    "ContactPoint.system": "phone fax email pager url sms other",
    "ContactPoint.use": "home work temp old mobile",
    "HumanName.use": "usual official temp nickname anonymous old maiden",
    "Address.use": "home work temp old billing",
    "Address.type": "postal physical both",
    "Quantity.comparator": "< <= >= >",
    "Narrative.status": "generated extensions additional empty",
    "TimingRepeat.durationUnit TimingRepeat.periodUnit": "s min h d wk mo a",
    "TimingRepeat.dayOfWeek": "mon tue wed thu fri sat sun",
    "LocationHoursOfOperation.daysOfWeek": "mon tue wed thu fri sat sun",
    "PractitionerRoleAvailableTime.daysOfWeek": "mon tue wed thu fri sat sun",
    "HealthcareServiceAvailableTime.daysOfWeek": "mon tue wed thu fri sat sun",
    "TimingRepeat.when": (
        "MORN MORN.early MORN.late NOON AFT AFT.early AFT.late EVE EVE.early EVE.late NIGHT PHS HS WAKE C CM "
        "CD CV AC ACM ACD ACV PC PCM PCD PCV"
    ),
    "CarePlan.status ServiceRequest.status": "draft active on-hold revoked completed entered-in-error unknown",
    "CarePlan.intent": "proposal plan order option",
    "CarePlanActivityDetail.kind": (
        "Appointment CommunicationRequest DeviceRequest MedicationRequest NutritionOrder Task ServiceRequest VisionPrescription"
    ),
    "CarePlanActivityDetail.status": (
        "not-started scheduled in-progress on-hold completed cancelled stopped unknown entered-in-error"
    ),
    "CareTeam.status": "proposed active suspended inactive entered-in-error",
    "MedicationRequest.status": "active on-hold cancelled completed entered-in-error stopped draft unknown",
    "MedicationRequest.intent": "proposal plan order original-order reflex-order filler-order instance-order option",
    "MedicationRequest.priority ServiceRequest.priority": "routine urgent asap stat",
    "MedicationStatement.status": "active completed entered-in-error intended stopped on-hold unknown not-taken",
    "MedicationAdministration.status": "in-progress not-done on-hold completed entered-in-error stopped unknown",
    "DiagnosticReport.status": (
        "registered partial preliminary final amended corrected appended cancelled entered-in-error unknown"
    ),
    "Observation.status": "registered preliminary final amended corrected cancelled entered-in-error unknown",
    "Specimen.status": "available unavailable unsatisfactory entered-in-error",
    "ServiceRequest.intent": ("proposal plan directive order original-order reflex-order filler-order instance-order option"),
    "Encounter.status EncounterStatusHistory.status": (
        "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown"
    ),
    "EncounterLocation.status": "planned active reserved completed",
    "Appointment.status": ("proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist"),
    "AppointmentParticipant.required": "required optional information-only",
    "AppointmentParticipant.status": "accepted declined tentative needs-action",
    "DocumentReference.status": "current superseded entered-in-error",
    "DocumentReference.docStatus": "preliminary final amended entered-in-error",
    "DocumentReferenceRelatesTo.code": "replaces transforms signs appends",
    "Location.status": "active suspended inactive",
    "Location.mode": "instance kind",
    "Patient.gender PatientContact.gender RelatedPerson.gender Practitioner.gender": "male female other unknown",
    "PatientLink.type": "replaced-by replaces refer seealso",
    "ProvenanceEntity.role": "derivation revision quotation source removal",
    "Consent.status": "draft proposed active rejected inactive entered-in-error",
    "ConsentProvision.type": "deny permit",
    "ConsentProvisionData.meaning": "instance related dependents authoredby",
}

REQUIRED = {element: frozenset(codes.split()) for elements, codes in _CODES.items() for element in elements.split()}
"""Element -> the codes it may hold."""
