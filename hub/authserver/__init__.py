"""The built-in SMART authorization server: for the demo, tests and small sites without an identity provider of their own.

Source: http://hl7.org/fhir/smart-app-launch/STU2.2, RFC 6749, RFC 7636 (PKCE), RFC 7523, RFC 7009, RFC 9207, OpenID Connect Core.
"""

from hub.authserver.issue import Authority, issue_token
from hub.authserver.keys import load_or_create
from hub.authserver.metadata import openid_configuration, smart_configuration
from hub.authserver.passwords import hashed
from hub.authserver.people import Client, Commission, Person
from hub.authserver.server import authorization_server

__all__ = [
    "Authority",
    "Client",
    "Commission",
    "Person",
    "authorization_server",
    "hashed",
    "issue_token",
    "load_or_create",
    "openid_configuration",
    "smart_configuration",
]
