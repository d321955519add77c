"""The ER7 codec: what the standard says, what attackers send, and a second opinion."""

import time

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Unmappable
from hub.mappers import _er7

HEAD = b"MSH|^~\\&|LAB|SJ1|HUB|REG|20260701130501||ORU^R01^ORU_R01|42|P|2.5.1"


def message(*lines, head=HEAD):
    return b"\r".join([head, *lines]) + b"\r"


def test_fields_of_msh_are_numbered_from_the_separator():
    header = _er7.read(message()).header
    assert (header.text(1), header.field(2), header.text(3), header.text(9, 2), header.text(10)) == (
        "|",
        "^~\\&",
        "LAB",
        "R01",
        "42",
    )
    assert header.text(99) == ""


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_every_end_of_segment_that_occurs_is_taken(end):
    assert [s.name for s in _er7.read(end.join([HEAD, b"PID|1", b"", b"OBX|1", b"OBX|2"])).segments] == [
        "MSH",
        "PID",
        "OBX",
        "OBX",
    ]


def test_a_line_feed_inside_a_segment_that_ends_with_cr_is_text():
    assert _er7.read(message(b"NTE|1||rad ett\nrad tv\xc3\xa5")).segments[1].text(3) == "rad ett\nrad två"


def test_places_name_the_segment_by_its_number():
    segments = _er7.read(message(b"PID|1", b"OBX|1", b"OBX|7")).segments
    assert [s.place(5) for s in segments] == ["MSH-5", "PID-5", "OBX[1]-5", "OBX[2]-5"]


def test_repetitions_components_and_the_explicit_null():
    pid = _er7.read(message(b'PID|1|""|A^B&b^C~D^^E~""|x')).segments[1]
    assert pid.field(2) == ""
    assert [_er7.components(one, pid.marks) for one in pid.repetitions(3)] == [["A", "B", "C"], ["D", "", "E"]]
    assert _er7.components("A", pid.marks, 3) == ["A", "", ""]
    assert (_er7.inside("A^B&b^C", pid.marks, 2), _er7.inside("A", pid.marks, 2)) == ("B^b", "")
    assert (pid.text(3, 2), pid.text(3, 2, 2), pid.text(3, 9), pid.text(3, 2, 9)) == ("B", "b", "", "")


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", "a|b^c&d~e\\f"),
        (r"rad 1\.br\rad 2", "rad 1\nrad 2"),
        (r"\.sp2\x\.in+4\y", "\n\nxy"),
        (r"\H\viktigt\N\ ", "viktigt "),
        (r"\XC3A5\ ", "å "),
        (r"\XFF\ ", "\\XFF\\ "),
        (r"\Zhemligt\ ", "\\Zhemligt\\ "),
        (r"C:\T", "C:\\T"),
        (r"a\b\T\c", "a\\b&c"),
        (r"\X00\ ", "\N{REPLACEMENT CHARACTER} "),
    ],
)
def test_escapes_are_read_as_meant_and_unknown_ones_stay(sent, meant):
    assert _er7.unescape(sent, _er7.Marks()) == meant


@pytest.mark.parametrize(
    ("named", "encoded", "default"),
    [
        ("8859/1", "Åström", "iso-8859-1"),
        ("UNICODE UTF-8", "Åström", "utf-8"),
        ("8859/15", "Åström 5 €", "iso-8859-15"),
        ("", "Åström", "iso-8859-1"),
        ("", "Åström", "utf-8"),
        ("8859/1~UNICODE UTF-8", "Åström", "iso-8859-1"),
    ],
)
def test_the_charset_is_what_the_header_names_else_what_the_source_is_known_for(named, encoded, default):
    head = HEAD + f"||||||{named}".encode()
    read = _er7.read(message(f"PID|1||||{encoded}".encode(default), head=head), default)
    assert read.first("PID").text(5) == encoded


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", "MSH"),
        (b"PID|1\r", "MSH"),
        (b"GET / HTTP/1.1\r\n\r\n", "MSH"),
        (b"MSH|^~\\\r", "MSH-2"),
        (b"MSH|^^^^|\r", "MSH-2"),
        (b"MSHAAAAAAA\r", "MSH-2"),
        (b"MSH\r\r\r\r\r\r\r", "MSH-2"),
        (HEAD + b"||||||KLINGON\r", "MSH-18"),
        (HEAD + b"||||||ASCII\rPID|1||||\xe5\r", "MSH-18"),
        (HEAD + b"||||||UNICODE UTF-8\rPID|1||||\xe5\r", "MSH-18"),
        (message(HEAD), "MSH[2]"),
        (message(b"OBX|1|ST|" + b"^" * 100_000), "line[2]"),
        (message(b"OBX|" * 30_000), "line[2]"),
        (message(b"NTE|1||" + b"~" * 100_000), "line[2]"),
        (message(*[b"OBX|1"] * 6000), "MSH"),
        (b"MSH|^~\\&|" + b"A" * _er7.MAX_BYTES, "MSH"),
    ],
)
def test_what_is_no_message_is_refused_with_its_place(content, place):
    with pytest.raises(Unmappable) as refused:
        _er7.read(content)
    assert refused.value.place == place


def test_a_line_that_is_no_segment_is_an_issue_and_costs_nothing_else():
    read = _er7.read(message(b"PID|1", b"hej hopp", b"OBX|1"))
    assert [s.name for s in read.segments] == ["MSH", "PID", "OBX"]
    assert [issue.place for issue in read.issues] == ["line[3]"]


@pytest.mark.parametrize("filling", [b"^", b"\\", b"\\X", b"~", b"&", b"|", b"\\T", b"\r", b"\\.br\\"])
def test_a_hundred_kilobytes_of_one_character_cost_no_more_than_their_length(filling):
    def cost(length):
        content = message(b"OBX|1|FT|A|" + filling * (length // len(filling)))
        begun = time.process_time()
        for _ in range(3):
            try:
                for segment in _er7.read(content).segments:
                    segment.whole(4)
                    [_er7.components(one, segment.marks) for one in segment.repetitions(4)]
            except Unmappable:
                pass
        return time.process_time() - begun

    assert cost(800_000) < 40 * max(cost(100_000), 0.002)


def bodies(*excluded):
    text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", *excluded]), max_size=8)
    field = st.lists(st.lists(st.lists(text, min_size=1, max_size=3), min_size=1, max_size=3), min_size=1, max_size=3)
    return st.lists(st.tuples(st.sampled_from(["PID", "OBX", "ZZ1"]), st.lists(field, max_size=5)), max_size=5)


MARKS = st.sampled_from([_er7.Marks(), _er7.Marks("#", "*", "!", "/", "%")])


@settings(max_examples=150, deadline=None)
@given(bodies(), MARKS)
def test_what_is_written_is_read_again_exactly(body, marks):
    header = ("MSH", [_er7.value(x) for x in ("A", "B", "C", "D")])
    read = _er7.read(_er7.write([header, *body], marks))
    assert read.issues == ()
    found = [_er7.tree(segment) for segment in read.segments[1:]]
    assert found == [(name, [list(field) for field in fields]) for name, fields in body]


@settings(max_examples=60, deadline=None)
@given(bodies("Z"))
def test_another_parser_agrees_where_every_component_is(body):
    """python-hl7 is the second opinion; it is not asked about spaces, which it strips."""
    header = ("MSH", [_er7.value(x) for x in ("A", "B", "C", "D")])
    written = _er7.write([header, *body])
    theirs = hl7.parse(written.decode())
    ours = _er7.read(written)
    assert [str(segment[0]) for segment in theirs] == [segment.name for segment in ours.segments]
    for number, segment in enumerate(ours.segments[1:], 1):
        for field in range(1, len(segment.raw)):
            assert str(theirs[number][field]) == segment.raw[field]
            for component in range(1, 4):
                assert _component(theirs[number], field, component) == _unsplit(segment, field, component)


def _component(segment, field, component):
    """python-hl7 gives a field of one plain value as it is; the first repetition's component otherwise."""
    repetition = segment[field][0]
    if isinstance(repetition, str):
        return repetition if component == 1 else ""
    return str(repetition[component - 1]) if component <= len(repetition) else ""


def _unsplit(segment, field, component):
    held = segment.raw[field].split("~")[0].split("^")
    return held[component - 1] if component <= len(held) else ""
