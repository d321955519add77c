"""The one door for XML: what must not come in does not, and no fault tells what stood there."""

import time

import pytest

from hub import xml
from hub.errors import HubError, InvalidRequest, TooCostly

SECRET = "195009072553"
BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><lolz>&j;</lolz>"
)


@pytest.mark.parametrize(
    ("attack", "refusal"),
    [
        (BILLION_LAUGHS.encode(), InvalidRequest),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', InvalidRequest),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a b="&x;"/>', InvalidRequest),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', InvalidRequest),
        (b"\n<!-- first -->\n<!DOCTYPE a><a/>", InvalidRequest),
        (b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><a/>', InvalidRequest),
        (b"<a>&undeclared;</a>", InvalidRequest),
        (b'<a b="&undeclared;"/>', InvalidRequest),
        (b"<?xml-stylesheet href='x'?><a/>", InvalidRequest),
        (b"<a>1<?cut here?>2</a>", InvalidRequest),
        (b"<a/><?after all?>", InvalidRequest),
        ("<a>å</a>".encode("utf-16"), InvalidRequest),
        ("<a>å</a>".encode("utf-16-le"), InvalidRequest),
        ("<a>å</a>".encode("utf-16-be"), InvalidRequest),
        ("<a>å</a>".encode("utf-32"), InvalidRequest),
        ("<a>å</a>".encode("utf-8-sig"), InvalidRequest),
        ("<a>å</a>".encode("latin-1"), InvalidRequest),
        (b'<?xml version="1.0" encoding="UTF-16"?><a/>', InvalidRequest),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>', InvalidRequest),
        (b'<?xml version="1.0" encoding="UTF-7"?>+ADw-a/+AD4-', InvalidRequest),
        (b"<a>\0</a>", InvalidRequest),
        (b"<a>&#0;</a>", InvalidRequest),
        (b"<a><b></a>", InvalidRequest),
        (b"<a/><b/>", InvalidRequest),
        (b"plain text", InvalidRequest),
        (b"", InvalidRequest),
        (b"<!DOCTYPE html><html><body>Bad gateway</body></html>", InvalidRequest),
        (b"<a>" * 257 + b"</a>" * 257, TooCostly),
        (b"<a>" * 300_000 + b"</a>" * 300_000, TooCostly),
        (b"<a>" + b"x" * 50_000_000 + b"</a>", TooCostly),
        (b"<a>" + b"<b/>" * 2_400_000 + b"</a>", TooCostly),
        (b"<a " + b" ".join(b'a%d=""' % n for n in range(700_000)) + b"/>", TooCostly),
    ],
    ids=[
        "billion laughs",
        "external entity",
        "entity in an attribute",
        "external document type",
        "document type after a comment",
        "parameter entity",
        "undeclared entity",
        "undeclared entity in an attribute",
        "stylesheet instruction",
        "instruction inside a value",
        "instruction after the root",
        "utf-16 with mark",
        "utf-16 little-endian without mark",
        "utf-16 big-endian without mark",
        "utf-32",
        "utf-8 with mark",
        "latin-1 undeclared",
        "utf-16 declared",
        "latin-1 declared",
        "utf-7 declared",
        "NUL byte",
        "NUL as a character reference",
        "unbalanced",
        "two roots",
        "no XML",
        "nothing",
        "a page of HTML",
        "deep",
        "depth bomb",
        "50 MB",
        "millions of elements",
        "a million attributes",
    ],
)
def test_what_must_not_come_in_is_refused_at_once(attack: bytes, refusal: type[HubError]) -> None:
    begun = time.process_time()
    with pytest.raises(refusal):
        xml.parse(attack)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "broken",
    [
        f"<a><n>{SECRET}</b></a>",
        f"<a n='{SECRET}>x</a>",
        f"<a>&{'x' * 5}{SECRET};</a>",
        f"<!DOCTYPE a [<!ENTITY n '{SECRET}'>]><a/>",
        f"<a><{SECRET}/></a>",
        f"<a><?pi {SECRET}?></a>",
    ],
)
def test_a_refusal_names_the_place_and_never_the_value(broken: str) -> None:
    with pytest.raises(HubError) as refusal:
        xml.parse(broken.encode())
    told = f"{refusal.value} {refusal.value.place} {refusal.value.issues} {refusal.value.__cause__}"
    assert SECRET not in told
    assert refusal.value.place
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("<a>1912<!-- cut -->1212</a>", "19121212"),
        ("<a>1912<![CDATA[<!DOCTYPE article><para/>]]></a>", "1912<!DOCTYPE article><para/>"),
        ("<a>&lt;&amp;&#229;&gt;</a>", "<&å>"),
        ('<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<!-- x --><a>å</a>\n<!-- y -->', "å"),
        ("<?xml version='1.0' encoding='US-ASCII'?><a>a</a>", "a"),
    ],
    ids=["comment inside a value", "document type as mere text", "the five entities", "declared utf-8", "ascii"],
)
def test_what_may_come_in_is_read_whole(document: str, text: str) -> None:
    assert xml.parse(document.encode()).text == text


def test_names_come_apart_and_text_together() -> None:
    root = xml.parse(b'<p:a xmlns:p="urn:x"><b>1 <c>2</c> 3</b></p:a>')
    assert (xml.namespace(root), xml.local_name(root)) == ("urn:x", "a")
    assert (xml.namespace(root[0]), xml.text_of(root)) == ("", "1 2 3")


def test_as_many_levels_as_the_parser_takes_are_read() -> None:
    assert xml.parse(b"<a>" * xml.MAX_DEPTH + b"</a>" * xml.MAX_DEPTH).tag == "a"


def test_an_element_is_found_as_it_is_written():
    content = (
        b"<?xml version='1.0'?><!-- <div>no</div> -->\r\n<r x='>'><div a=\"'>\"/><p><![CDATA[<div>no</div>]]></p>"
        b"<x:div xmlns:x='u'>\r\n<div>in</div ><!-- </div> --><br/></x:div></r><!-- <div> -->"
    )
    found = xml.written(content, root := xml.parse(content), "div")
    assert list(found.values()) == [
        '<div a="\'>"/>',
        "<x:div xmlns:x='u'>\n<div>in</div ><!-- </div> --><br/></x:div>",
    ]
    assert [xml.local_name(each) for each in found] == ["div", "div"]
    assert all(each.getparent() is root for each in found)


def test_an_element_stands_alone_with_the_namespaces_that_it_uses():
    root = xml.parse(b"<r xmlns='a' xmlns:b='b' xmlns:c='c'><b:d><e/></b:d>tail</r>")
    assert xml.standalone(root[0]) == '<b:d xmlns:b="b" xmlns="a"><e/></b:d>'
    assert root[0].tail == "tail"


def test_carriage_returns_outlive_reading_outside_of_tags():
    kept = xml.with_returns("<a\rb='c'>\r\n<d/>\r</a>")
    assert xml.text_of(xml.parse(kept.encode())) == "\r\n\r"
    assert xml.with_returns("<a>\n</a>") == "<a>\n</a>"


def test_a_document_is_indented_but_for_what_is_opaque():
    assert xml.indented(b"<?xml version='1.0'?><a><b/><c><d/><e>x<e>y</e> </e></c></a>", "e").decode().splitlines() == [
        "<?xml version='1.0'?>",
        "<a>",
        "  <b/>",
        "  <c>",
        "    <d/>",
        "    <e>x<e>y</e> </e>",
        "  </c>",
        "</a>",
    ]
