"""What clients read before they ask: `/.well-known/smart-configuration` and `/.well-known/openid-configuration`."""

from typing import Any

ALGORITHMS = ["ES256", "ES384", "RS256", "RS384", "PS256", "EdDSA"]
"""Of client assertions."""


def smart_configuration(issuer: str) -> dict[str, Any]:
    """Source: http://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html"""
    return _common(issuer) | {
        "capabilities": [
            "launch-standalone",
            "client-public",
            "client-confidential-asymmetric",
            "sso-openid-connect",
            "permission-patient",
            "permission-user",
            "permission-v1",
            "permission-v2",
        ],
    }


def openid_configuration(issuer: str) -> dict[str, Any]:
    """Source: https://openid.net/specs/openid-connect-discovery-1_0.html"""
    return _common(issuer) | {
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "response_modes_supported": ["query"],
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": ["sv", "en"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "acr", "name", "fhirUser"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def _common(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks",
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "revocation_endpoint": f"{issuer}/revoke",
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": [
            "openid",
            "fhirUser",
            "profile",
            "launch/patient",
            "user/*.cruds",
            "patient/*.cruds",
            "system/*.cruds",
        ],
    }
