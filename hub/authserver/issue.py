"""What the server signs: access tokens with the claims of `API.md` section 1, and id tokens."""

import secrets
from dataclasses import dataclass
from typing import Any

from hub import scopes, tokens
from hub.authserver.people import Client, Commission, Person
from hub.errors import Forbidden
from hub.tokens import SigningKey

LIFE = 3600
LIFE_OF_SYSTEMS = 300
LAUNCH = "launch/patient"
IDENTITY = ("openid", "fhirUser", "profile", LAUNCH)
"""Words of a scope that are not about data, and that this server knows."""
RELATED = {"guardian": "GUARD", "agent": "AGNT"}


@dataclass(frozen=True, slots=True)
class Authority:
    """In whose name tokens are issued, for whom, signed with what."""

    issuer: str
    audience: str
    """The FHIR base address."""
    key: SigningKey

    @property
    def token_endpoint(self) -> str:
        return f"{self.issuer}/token"


def issue_token(
    person: Person,
    client: Client,
    authority: Authority,
    now: float,
    life: float = LIFE,
    *,
    commission: str = "",
    scope: str | None = None,
) -> str:
    """An access token for `person` by `client`, under the commission of that HSA-id (or the first), for all granted scopes.

    Raises: Forbidden: not this person's commission, or a scope with a query part.
    """
    chosen = person.commission(commission) if commission else next(iter(person.commissions), None)
    if commission and chosen is None:
        raise Forbidden("the commission is not this person's", "commission")
    said = claims(person, client, authority, chosen) | {"scope": granted(scope, client, person)}
    return signed(said, client, authority, now, life)


def granted(asked: str | None, client: Client, person: Person | None) -> str:
    """The scope of a token: what was asked for (None: everything) as far as client and person may have it. Raises: Forbidden."""
    data = scopes.parse(client.scopes)
    if person is not None:
        data = scopes.meet(data, scopes.parse(person.scopes))
    known = [word for word in IDENTITY if word != LAUNCH or patient_of(person)]
    words = [word for word in known if asked is not None and word in asked.split()]
    return " ".join([*words, scopes.write(data if asked is None else scopes.meet(scopes.parse(asked), data))]).strip()


def signed(said: dict[str, Any], client: Client, authority: Authority, now: float, life: float) -> str:
    """An access token that says `said`, besides what every one says."""
    common = {
        "iss": authority.issuer,
        "aud": authority.audience,
        "iat": int(now),
        "exp": int(now + life),
        "jti": secrets.token_urlsafe(16),
        "client_id": client.client_id,
    }
    return tokens.sign(common | said, authority.key, "at+jwt")


def claims(person: Person, client: Client, authority: Authority, commission: Commission | None) -> dict[str, Any]:
    """What a token says of its person: `ihe_iua` for all, `se_hsa` for employees, the own number for patients and theirs."""
    said: dict[str, Any] = {"sub": subject(person, client), "acr": f"http://id.sambi.se/loa/loa{person.loa}"}
    if person.kind in ("system", "technician"):
        return said
    role = person.subject_role or RELATED.get(person.kind, "")
    iua = {"subject_name": person.display, "subject_role": role}
    extensions: dict[str, Any] = {"ihe_iua": iua}
    if person.employee:
        extensions["se_hsa"] = _hsa(person, commission)
        if commission:
            iua["subject_organization_id"] = commission.provider
            iua["purpose_of_use"] = "TREAT" if commission.purpose == "Vård och behandling" else "HOPERAT"
    else:
        iua["person_id"] = person.person_number
    return said | _fhir_user(person, authority) | {"extensions": extensions}


def id_token(person: Person, client: Client, authority: Authority, now: float, nonce: str, scope: str) -> str:
    """Who signed in, for the client's own eyes."""
    said = {
        "iss": authority.issuer,
        "sub": subject(person, client),
        "aud": client.client_id,
        "iat": int(now),
        "exp": int(now + LIFE),
        "acr": f"http://id.sambi.se/loa/loa{person.loa}",
    }
    said |= {"nonce": nonce} if nonce else {}
    said |= {"name": person.display} if "profile" in scope.split() else {}
    said |= _fhir_user(person, authority) if "fhirUser" in scope.split() else {}
    return tokens.sign(said, authority.key)


def subject(person: Person, client: Client) -> str:
    """Who a token is about: never a personal number."""
    return client.client_id if person.kind == "system" else person.employee or person.name


def patient_of(person: Person | None) -> str:
    """The id of the Patient that a signed-in patient is, where known."""
    kind, _, own = person.fhir_user.partition("/") if person and person.kind == "patient" else ("", "", "")
    return own if kind == "Patient" else ""


def _fhir_user(person: Person, authority: Authority) -> dict[str, str]:
    kinds = {"patient": "Patient", "guardian": "RelatedPerson", "agent": "RelatedPerson"}
    place = person.fhir_user or (f"{kinds[person.kind]}/{person.name}" if person.kind in kinds else "")
    return {"fhirUser": f"{authority.audience}/{place}"} if place else {}


def _hsa(person: Person, commission: Commission | None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "employeeHsaId": person.employee,
        "systemRoles": list(person.roles),
        "licences": list(person.licences),
    }
    said |= {"personalPrescriptionCode": person.prescription_code} if person.prescription_code else {}
    if commission is None:
        return said
    return said | {
        "commissionHsaId": commission.hsa_id,
        "commissionPurpose": commission.purpose,
        "commissionRights": list(commission.rights),
        "healthCareUnitHsaId": commission.unit,
        "healthCareProviderHsaId": commission.provider,
    }
