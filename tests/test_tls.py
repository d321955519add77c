"""The hub's own door takes a sound certificate with a guarded key, and nothing else."""

import socket
import ssl
import threading

import pytest
import trustme

from hub.tls import server_context


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture
def files(authority, tmp_path):
    issued = authority.issue_cert("hub.example.org")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    key.chmod(0o600)
    authorities = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(authorities)
    return certificate, key, authorities


def shaken(server: ssl.SSLContext, client: ssl.SSLContext) -> str:
    """The protocol that both agree on, over a pair of sockets."""
    ours, theirs = socket.socketpair()

    def serve():
        try:
            with server.wrap_socket(ours, server_side=True) as held:
                held.send(held.recv(1))
        except OSError:
            ours.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(theirs, server_hostname="hub.example.org") as held:
            version = str(held.version())
            held.settimeout(5)
            held.send(b"x")
            if held.recv(1) != b"x":
                raise OSError("eof")
            return version
    finally:
        thread.join()


def client(authority) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_a_caller_that_trusts_the_authority_gets_in(files, authority):
    assert shaken(server_context(str(files[0]), str(files[1])), client(authority)) == "TLSv1.3"


def test_a_caller_without_a_certificate_is_refused_where_one_is_asked_for(files, authority):
    server = server_context(*map(str, files))
    with pytest.raises(OSError, match=r"(?i)certificate|reset|eof"):
        shaken(server, client(authority))
    with_certificate = client(authority)
    authority.issue_cert("caller.example.org").configure_cert(with_certificate)
    assert shaken(server, with_certificate) == "TLSv1.3"


def test_old_protocols_are_not_spoken(files):
    assert server_context(str(files[0]), str(files[1])).minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_key_that_others_may_read_is_refused(files):
    files[1].chmod(0o640)
    with pytest.raises(ValueError, match="others than its owner"):
        server_context(str(files[0]), str(files[1]))


def test_what_is_no_certificate_and_key_is_refused_by_name_of_the_setting(files, tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        server_context(str(files[0]), str(tmp_path / "absent"))
    files[0].write_text("nothing")
    with pytest.raises(ValueError, match="not a certificate chain"):
        server_context(str(files[0]), str(files[1]))
