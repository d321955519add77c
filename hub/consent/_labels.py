"""Security labels as consents mean them. http://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.securityLabel

A code of v3-Confidentiality is a high-water mark: a permit of R is of what is labelled R or lower, a denial of R of what is
labelled R or higher. Of other systems a label stands for itself and, where one is known to be part of it, for that. What bears no
level of v3-Confidentiality nobody has assessed: it lies in no permit of a level, and in every denial by a label.

Deviates: R4 says "R or lower" of every exception; a denial read so would deny what IHE PCF's own examples permit beside it.
"""

from collections.abc import Iterable, Mapping

from hub.consent.release import FALSE, Bears, Expression, all_of, any_of, negation

Label = tuple[str, str]
"""(system, code)."""
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
LEVELS = ("u", "l", "m", "n", "r", "v")
"""From unrestricted to very restricted."""
_OLD = ("b", "c", "d", "etoh", "hiv", "i", "psy", "s", "sdv", "t")
"""Codes that the system once had: they tell no level, so that what bears one may be of any."""
_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_PARTS: Mapping[Label, tuple[str, ...]] = {(_ACT_CODE, "eth"): ("ethud", "opioidud")}
"""Codes that are part of another. IHE PCF, AdvancedSecurityTagVS."""


def labelled(labels: Iterable[Label], surely: bool) -> Expression:
    """Resources that bear one of these labels: for sure, or as far as can be told."""
    by_system: dict[str, list[str]] = {}
    for system, code in labels:
        by_system.setdefault(system, []).append(code.casefold())  # as search keys have them
    return any_of(*(_of_system(system, codes, surely) for system, codes in sorted(by_system.items())))


def _of_system(system: str, codes: list[str], surely: bool) -> Expression:
    if system == CONFIDENTIALITY:
        levels = [LEVELS.index(code) for code in codes]
        return _at_most(max(levels) + 1) if surely else negation(_at_most(min(levels)))
    whole = {*codes, *(part for code in codes for part in _PARTS.get((system, code), ()))}
    borne = Bears(system, tuple(sorted(whole)))
    return borne if surely else any_of(borne, negation(_ASSESSED))


def _at_most(levels: int) -> Expression:
    """Resources that bear one of the first levels, and none of the rest."""
    return all_of(_one_of(LEVELS[:levels]), negation(_one_of((*LEVELS[levels:], *_OLD))))


def _one_of(codes: tuple[str, ...]) -> Expression:
    return Bears(CONFIDENTIALITY, codes) if codes else FALSE


_ASSESSED = Bears(CONFIDENTIALITY, LEVELS)
