"""Providers, units, staff and systems of the simulated world. All fictional."""

from hub.demo.world.model import Provider, Staff, System, Unit

NORRDAL = "SE2321990018-NORR"
VASTVIK = "SE2321990026-VAST"
HJARTGARDEN = "SE5599990016-HJARTG"
AKERBY = "SE2120990011-AKERBY"
REGISTER = "SE2021990011-FOLK"

PROVIDERS = (
    Provider(hsa_id=NORRDAL, name="Region Norrdal", org_number="2321990018"),
    Provider(hsa_id=VASTVIK, name="Region Västvik", org_number="2321990026"),
    Provider(hsa_id=HJARTGARDEN, name="Hjärtgården AB", org_number="5599990016", kind="private"),
    Provider(hsa_id=AKERBY, name="Åkerby kommun", org_number="2120990011", kind="municipality"),
    Provider(hsa_id=REGISTER, name="Folkbokföringsregistret", org_number="2021990011", kind="state"),
)

HEART = "SE2321990018-HJMOTT"
WARD = "SE2321990018-MEDAVD3"
HEALTH_CENTRE = "SE2321990018-SJOSTVC"
PSYCHIATRY = "SE2321990018-PSYKMOTT"
CHILDREN = "SE2321990018-BARNMOTT"
CHEMISTRY = "SE2321990018-KLINKEM"
MICROBIOLOGY = "SE2321990018-MIKROB"

LILLHAMN = "SE2321990026-LILLHVC"
EMERGENCY = "SE2321990026-AKUTMOTT"
WOMEN = "SE2321990026-KVINNOKL"
ADDICTION = "SE2321990026-BEROENDE"
GERIATRICS = "SE2321990026-GERIATR"
VASTVIK_LAB = "SE2321990026-LABMED"

PRIVATE_CLINIC = "SE5599990016-SPECMOTT"

HOME_HEALTH = "SE2120990011-HSVARD"
HOME_CARE = "SE2120990011-HEMTJ"
SUPPORT = "SE2120990011-BOENDESTOD"


def _unit(hsa_id: str, name: str, provider: str, city: str, street: str, phone: str, **more: str | bool) -> Unit:
    return Unit(hsa_id=hsa_id, name=name, provider=provider, city=city, street=street, phone=phone, **more)  # type: ignore[arg-type]  # names checked by the dataclass


UNITS = (
    _unit(HEART, "Hjärtmottagningen, Norrdals sjukhus", NORRDAL, "Norrdal", "Sjukhusvägen 1", "0990-100 10", code="HJMOTT"),
    _unit(WARD, "Medicinavdelning 3, Norrdals sjukhus", NORRDAL, "Norrdal", "Sjukhusvägen 1", "0990-100 30", code="AVD3"),
    _unit(HEALTH_CENTRE, "Sjöstadens vårdcentral", NORRDAL, "Sjöstad", "Torggatan 4", "0990-200 10", code="SJOVC"),
    _unit(PSYCHIATRY, "Psykiatriska mottagningen Norrdal", NORRDAL, "Norrdal", "Parkgatan 12", "0990-100 70", code="PSYK"),
    _unit(CHILDREN, "Barn- och ungdomsmottagningen Norrdal", NORRDAL, "Norrdal", "Sjukhusvägen 3", "0990-100 50", code="BUM"),
    _unit(CHEMISTRY, "Klinisk kemi, Norrdals sjukhus", NORRDAL, "Norrdal", "Sjukhusvägen 1", "0990-100 80", code="KEM"),
    _unit(
        MICROBIOLOGY, "Klinisk mikrobiologi, Norrdals sjukhus", NORRDAL, "Norrdal", "Sjukhusvägen 1", "0990-100 85", code="MIKRO"
    ),
    _unit(LILLHAMN, "Lillhamns vårdcentral", VASTVIK, "Lillhamn", "Hamngatan 8", "0991-300 10"),
    _unit(EMERGENCY, "Akutmottagningen, Västviks sjukhus", VASTVIK, "Västvik", "Lasarettsgatan 2", "0991-310 10"),
    _unit(WOMEN, "Kvinnokliniken, Västviks sjukhus", VASTVIK, "Västvik", "Lasarettsgatan 2", "0991-310 40"),
    _unit(ADDICTION, "Beroendemottagningen Västvik", VASTVIK, "Västvik", "Kanalgatan 19", "0991-310 70"),
    _unit(GERIATRICS, "Geriatriska mottagningen, Västviks sjukhus", VASTVIK, "Västvik", "Lasarettsgatan 2", "0991-310 60"),
    _unit(VASTVIK_LAB, "Laboratoriemedicin, Västviks sjukhus", VASTVIK, "Västvik", "Lasarettsgatan 2", "0991-310 80"),
    _unit(PRIVATE_CLINIC, "Hjärtgården specialistmottagning", HJARTGARDEN, "Norrdal", "Strandvägen 22", "0990-555 00"),
    _unit(HOME_HEALTH, "Kommunal hälso- och sjukvård, Åkerby", AKERBY, "Åkerby", "Kyrkvägen 3", "0992-400 20"),
    _unit(HOME_CARE, "Hemtjänst Söder, Åkerby", AKERBY, "Åkerby", "Kyrkvägen 3", "0992-400 30", social=True),
    _unit(SUPPORT, "Boendestöd, Åkerby", AKERBY, "Åkerby", "Bruksgatan 11", "0992-400 40", social=True, protected=True),
)

CHIEF, GENERAL_PRACTITIONER, SPECIALIST, RESIDENT = "201010", "201011", "202010", "203010"
"""KV Befattning: överläkare, distriktsläkare, specialistläkare, ST-läkare."""


def _staff(suffix: str, given: str, family: str, title: str, *units: str, role: str = "", protected: bool = False) -> Staff:
    employer = units[0].split("-")[0]
    return Staff(
        hsa_id=f"{employer}-{suffix}", given=given, family=family, role=role, title=title, units=units, protected=protected
    )


STAFF = (
    _staff("1001", "Anna", "Lindqvist", "Överläkare", HEART, WARD, role=CHIEF),
    _staff("1002", "Petra", "Ek", "Sjuksköterska", HEART),
    _staff("1003", "Mikael", "Dahl", "Distriktsläkare", HEALTH_CENTRE, role=GENERAL_PRACTITIONER),
    _staff("1004", "Yasmin", "Farah", "Specialistläkare", WARD, role=SPECIALIST),
    _staff("1005", "Gunilla", "Sten", "Sjuksköterska", WARD),
    _staff("1006", "Henrik", "Vall", "Överläkare", PSYCHIATRY, role=CHIEF),
    _staff("1007", "Karin", "Mo", "Överläkare", CHILDREN, role=CHIEF),
    _staff("1008", "Olle", "Brink", "Sjuksköterska", CHILDREN),
    _staff("1009", "Britta", "Nyman", "Biomedicinsk analytiker", CHEMISTRY),
    _staff("1010", "Stefan", "Ros", "Överläkare", MICROBIOLOGY, role=CHIEF),
    _staff("1011", "Lena", "Hallberg", "Loggranskare", HEART),
    _staff("1012", "Torsten", "Frid", "Verksamhetschef", PSYCHIATRY, role=CHIEF),
    _staff("1013", "Eva", "Lund", "Distriktssköterska", HEALTH_CENTRE),
    _staff("2001", "Sofia", "Wallin", "Distriktsläkare", LILLHAMN, role=GENERAL_PRACTITIONER),
    _staff("2002", "Johan", "Berg", "Distriktssköterska", LILLHAMN),
    _staff("2003", "Nadia", "Karimi", "ST-läkare", EMERGENCY, role=RESIDENT),
    _staff("2004", "Ulrika", "Falk", "Överläkare", WOMEN, role=CHIEF),
    _staff("2005", "Per", "Strand", "Specialistläkare", ADDICTION, role=SPECIALIST, protected=True),
    _staff("2006", "Inger", "Moberg", "Överläkare", GERIATRICS, role=CHIEF),
    _staff("2007", "Tomas", "Åberg", "Biomedicinsk analytiker", VASTVIK_LAB),
    _staff("2008", "Camilla", "Rosén", "Barnmorska", WOMEN),
    _staff("3001", "Samir", "Haddad", "Specialistläkare", PRIVATE_CLINIC, role=SPECIALIST),
    _staff("3002", "Lisa", "Grahn", "Sjuksköterska", PRIVATE_CLINIC),
    _staff("4001", "Marie", "Öst", "Sjuksköterska", HOME_HEALTH),
    _staff("4002", "Ahmed", "Salih", "Arbetsterapeut", HOME_HEALTH),
    _staff("4003", "Kerstin", "Blom", "Biståndshandläggare", HOME_CARE),
    _staff("4004", "Ronja", "Nyberg", "Undersköterska", HOME_CARE),
    _staff("4005", "Daniel", "Eriksson", "Stödpedagog", SUPPORT),
)

REGION_NORRDAL, REGION_VASTVIK, HOSPITAL = "region-norrdal", "region-vastvik", "norrdal-hospital"
PRIVATE, MUNICIPALITY, POPULATION, OWN = "hjartgarden", "akerby", "population-register", "own"
INDEX = "engagement-index"
SECURITY = "security-services"

SYSTEMS = (
    System(name=REGION_NORRDAL, title="Region Norrdal", kind="rivta", owner=NORRDAL, hsa_id="SE2321990018-JOURNAL"),
    System(name=REGION_VASTVIK, title="Region Västvik", kind="rivta", owner=VASTVIK, hsa_id="SE2321990026-JOURNAL"),
    System(
        name=HOSPITAL,
        title="Norrdals sjukhus, laboratorium och bokning",
        kind="mllp",
        owner=NORRDAL,
        hsa_id="SE2321990018-LABBOK",
    ),
    System(name=PRIVATE, title="Hjärtgården", kind="fhir", owner=HJARTGARDEN, hsa_id="SE5599990016-JOURNAL"),
    System(name=MUNICIPALITY, title="Åkerby kommun", kind="files", owner=AKERBY, hsa_id="SE2120990011-VERKSYS"),
    System(name=POPULATION, title="Folkbokföringen", kind="register", owner=REGISTER, hsa_id="SE2021990011-PU"),
    System(name=INDEX, title="Engagemangsindex", kind="engagement", owner=REGISTER, hsa_id="SE2021990011-EI"),
    System(name=SECURITY, title="Säkerhetstjänsterna", kind="security", owner=REGISTER, hsa_id="SE2021990011-SAK"),
    System(name=OWN, title="Patientens egna uppgifter", kind="own", owner="", hsa_id=""),
)
