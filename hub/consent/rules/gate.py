"""The gate: who may ask at all. CONSENT.md R01 to R03."""

from hub.consent.release import Outcome
from hub.consent.rules._rule import Lane, Rule, fact
from hub.consent.rules._terms import always, commissioned, kind, of_own_source, staff

GATE = Lane(
    always,
    (
        Rule("R01", Outcome.REFUSE, when=kind("anonymous") | fact(lambda f: f.caller.loa < 3), basis="HSLF-FS 2016:40"),
        Rule("R02", Outcome.PERMIT, when=kind("system") & of_own_source, basis="PDL 4:1"),
        Rule("R02", Outcome.HIDE, when=kind("system", "technician"), basis="PDL 4:1"),
        Rule("R03", Outcome.REFUSE, when=staff & ~commissioned, basis="PDL 4:2"),
    ),
)
