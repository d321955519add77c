"""Configured people and clients are checked when made; the signing key is guarded; tokens of the command line hold."""

import os

import pytest

from hub import authserver, tokens
from hub.authserver import Authority, Client, Person, issue_token, load_or_create
from hub.authserver.passwords import matches
from hub.errors import Forbidden


def test_the_signing_key_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    folder = tmp_path / "data"
    first = load_or_create(folder)
    path = folder / "authserver-key.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_create(folder).kid == first.kid
    assert load_or_create(tmp_path / "other").kid != first.kid


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_signing_key_that_others_may_use_is_refused(tmp_path, mode):
    load_or_create(tmp_path)
    os.chmod(tmp_path / "authserver-key.pem", mode)
    with pytest.raises(ValueError, match="others than its owner"):
        load_or_create(tmp_path)


def test_a_password_matches_itself_alone():
    held = authserver.hashed("rätt lösen", b"0123456789abcdef")
    assert "rätt" not in held
    assert matches("rätt lösen", held)
    assert not matches("ratt losen", held)
    assert not matches("", held)
    assert not matches("", "")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/callback",
        "https://",
        "https:///callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.example.org/; script-src *",
        "https://app.example.org/a b",
        "https://app.example.org/#x",
        "https://app.example.org/\nx",
        "https://app.example.org\\evil",
    ],
)
def test_a_redirect_address_that_is_none_is_refused(address):
    with pytest.raises(ValueError, match="redirect"):
        Client(client_id="app", name="App", redirect_uris=(address,))


@pytest.mark.parametrize(
    "address", ["https://app.example.org/callback?x=1", "http://127.0.0.1:8000/cb", "myapp:/back", "org.example.app:/back"]
)
def test_a_redirect_address_is_taken(address):
    assert Client(client_id="app", name="App", redirect_uris=(address,)).redirect_uris == (address,)


def test_a_client_with_keys_needs_one_that_may_verify():
    with pytest.raises(ValueError, match="jwks"):
        Client(client_id="app", name="App", jwks={"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "x"}]})


@pytest.mark.parametrize("name", ["", "191212121212", "Tolvan Tolvansson", "a" * 41, "a|b"])
def test_a_persons_name_is_short_and_tells_nothing(name):
    with pytest.raises(ValueError, match="name"):
        Person(name=name, display="x", kind="patient")


def test_scopes_with_a_query_part_are_refused_when_configured():
    with pytest.raises(ValueError, match="person"):
        Person(name="a", display="x", kind="patient", scopes="user/Observation.rs?x=y")
    with pytest.raises(ValueError, match="client"):
        Client(client_id="a", name="x", scopes="user/Observation.rs?x=y")


def test_names_are_given_once(site):
    with pytest.raises(ValueError, match="one name"):
        authserver.authorization_server(site.issuer, [*site.people, site.people[0]], [], site.key, audience=site.audience)
    with pytest.raises(ValueError, match="one name"):
        authserver.authorization_server(site.issuer, [], [*site.clients, site.clients[0]], site.key, audience=site.audience)


def test_a_token_for_the_command_line_has_all_that_its_person_may_have(site):
    authority = Authority(site.issuer, site.audience, site.key)
    physician, patient, *_ = site.people
    client = site.clients[0]
    said = site.claims(issue_token(physician, client, authority, site.now, 600))
    assert (said["exp"] - said["iat"], said["scope"]) == (600, "user/*.rs")
    assert said["extensions"]["se_hsa"]["commissionHsaId"] == "SE2321990018-C1"
    other = site.claims(issue_token(physician, client, authority, site.now, commission="SE2321990018-C2"))
    assert other["extensions"]["se_hsa"]["commissionPurpose"] == "Administration"
    assert other["jti"] != said["jti"]
    own = site.claims(issue_token(patient, client, authority, site.now, scope="patient/Observation.cruds"))
    assert (own["scope"], own["sub"], own["fhirUser"]) == ("patient/Observation.rs", "patient-1", f"{site.audience}/Patient/p1")
    assert "se_hsa" not in own["extensions"]
    with pytest.raises(Forbidden):
        issue_token(physician, client, authority, site.now, commission="SE2321990018-C9")


@pytest.mark.parametrize(("kind", "role"), [("guardian", "GUARD"), ("agent", "AGNT")])
def test_who_speaks_for_another_says_as_what(site, kind, role):
    person = Person(name="related-1", display="R", kind=kind, person_number="x|1", scopes="patient/*.rs")
    said = site.claims(issue_token(person, site.clients[0], Authority(site.issuer, site.audience, site.key), site.now))
    assert said["extensions"]["ihe_iua"]["subject_role"] == role
    assert said["fhirUser"] == f"{site.audience}/RelatedPerson/related-1"


def test_a_system_is_its_client(site):
    lab = Person(name="lab-system", display="Lab", kind="system", scopes="system/*.cruds")
    said = site.claims(issue_token(lab, site.clients[2], Authority(site.issuer, site.audience, site.key), site.now))
    assert (said["sub"], said["client_id"], said["scope"]) == ("lab", "lab", "system/*.cruds")
    assert "extensions" not in said


def test_the_key_of_a_token_is_found_by_its_thumbprint(site):
    token = issue_token(site.people[0], site.clients[0], Authority(site.issuer, site.audience, site.key), site.now)
    header = tokens._parts(token)[0]
    assert header == {"alg": "ES256", "kid": site.key.kid, "typ": "at+jwt"}
