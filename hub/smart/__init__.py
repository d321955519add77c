"""Access token -> Caller: `Verifier` is the state, `claims` the reading, `hub.tokens` the cryptography."""

from hub.smart.claims import caller_of
from hub.smart.verifier import Fetch, Verifier
from hub.tokens import TokenError, verify

__all__ = ["Fetch", "TokenError", "Verifier", "caller_of", "verify"]
