"""Information types: what readers call them; which a block may leave open, and the categories of entries each means.

`lak` is "ordinations and prescriptions of medicines", `upp` alert information: as the national blocking service has them.
Vaccinations (`caa-gvh`) are neither. A type not listed here is never taken as excluded. CONSENT.md section 5.
"""

from collections.abc import Iterable, Mapping

EXCLUDABLE: Mapping[str, tuple[str, ...]] = {
    "lak": ("lak", "caa-gmh"),
    "upp": ("upp",),
}

NAMES: Mapping[str, tuple[str, str]] = {
    "caa-gmh": ("Läkemedel", "Medications"),
    "caa-gvh": ("Vaccinationer", "Vaccinations"),
    "care-team": ("Vårdteam", "Care teams"),
    "chb-go": ("Observationer", "Observations"),
    "cll-cp": ("Vårdplaner", "Care plans"),
    "crm-scheduling": ("Bokade tider", "Appointments"),
    "dia": ("Diagnoser", "Diagnoses"),
    "lak": ("Ordination och förskrivning av läkemedel", "Orders and prescriptions of medicines"),
    "own": ("Patientens egna uppgifter", "The patient's own entries"),
    "und-bdi-ure": ("Bilddiagnostik", "Diagnostic imaging"),
    "und-kkm-ure": ("Provsvar", "Laboratory results"),
    "und-kon-ure": ("Konsultationssvar", "Referral outcomes"),
    "upp": ("Uppmärksamhetsinformation", "Alert information"),
    "utr-mtr": ("Mödravård", "Maternity care"),
    "vko": ("Vårdkontakter", "Care contacts"),
    "voo": ("Vårddokumentation", "Care documentation"),
}
"""Category of the engagement index, or our own word where it has none -> Swedish, English."""


def named(info_type: str) -> tuple[str, str]:
    """An information type as readers call it, in Swedish and English; one that has no name is called as it is written."""
    return NAMES.get(info_type, (info_type, info_type))


def left_open(excluded: Iterable[str]) -> tuple[str, ...]:
    """Categories of entries that a block with these exclusions does not close."""
    return tuple(sorted({category for name in excluded for category in EXCLUDABLE.get(name, ())}))
