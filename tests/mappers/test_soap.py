"""A SOAP message is opened for its one body, its fault without the fault's words, and what each source of it did."""

import pytest

from hub.errors import Unmappable
from hub.mappers._soap import SourceStatus, envelope

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NUMBER = "195009072553"


def soap(body: str, header: str = "") -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'.encode()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("<faultcode>soap:Server</faultcode><faultstring>VP009 error calling producer</faultstring>", "VP009"),
        (f"<faultcode>s:Server</faultcode><faultstring>Patient {NUMBER} is odd</faultstring>", "Server"),
        (f"<faultcode>{NUMBER}</faultcode><faultstring>{NUMBER}</faultstring>", "no code"),
        ("", "no code"),
    ],
)
def test_a_fault_is_told_by_its_code_alone(fault: str, words: str) -> None:
    assert envelope(soap(f"<s:Fault>{fault}</s:Fault>")).fault == words


def test_what_each_source_did_is_read_from_the_header() -> None:
    row = (
        "<p:ProcessingStatusList><p:logicalAddress>{}</p:logicalAddress><p:statusCode>{}</p:statusCode></p:ProcessingStatusList>"
    )
    rows = row.format("A", "DataFromCache") + row.format("B", "NoDataSynchFailed")
    opened = envelope(
        soap("<x/>", f'<p:ProcessingStatus xmlns:p="urn:riv:interoperability:headers:1">{rows}</p:ProcessingStatus>')
    )
    assert opened.statuses == (SourceStatus("A", "DataFromCache"), SourceStatus("B", "NoDataSynchFailed"))
    assert [status.whole for status in opened.statuses] == [True, False]


@pytest.mark.parametrize(
    "message",
    [
        b"<html><body>Login</body></html>",
        b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><x/></e:Body></e:Envelope>',
        soap(""),
        soap("<a/><b/>"),
        f'<s:Envelope xmlns:s="{SOAP}"/>'.encode(),
        b"",
    ],
    ids=["HTML", "SOAP 1.2", "empty body", "two bodies in one", "no body", "nothing"],
)
def test_what_is_no_answer_is_unmappable(message: bytes) -> None:
    with pytest.raises(Unmappable):
        envelope(message)
