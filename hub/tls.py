"""TLS of the hub's own door: a server context from the certificate and key of `hub.toml`."""

import ssl
import stat
from pathlib import Path


def server_context(certificate: str, key: str, client_authorities: str = "") -> ssl.SSLContext:
    """TLS 1.2 or later with this certificate chain; with `client_authorities`, callers must show a certificate of theirs.

    Raises: ValueError: a file cannot be read, the two do not fit, or others than its owner may read the key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if Path(key).stat().st_mode & (stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH):
            raise ValueError("tls_key: others than its owner may read or change the file")
        context.load_cert_chain(certificate, key)
        if client_authorities:
            context.load_verify_locations(client_authorities)
            context.verify_mode = ssl.CERT_REQUIRED
    except ssl.SSLError:
        raise ValueError("tls_cert, tls_key: not a certificate chain and its key") from None
    except OSError:
        raise ValueError("tls_cert, tls_key: a file cannot be read") from None
    return context
