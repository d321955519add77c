"""The tree that remembers what was read: every leaf ends as mapped, kept with a reason, or unmapped and counted."""

import gc

from hypothesis import given
from hypothesis import strategies as st

from hub import xml
from hub.errors import Issue
from hub.mappers._tracked import Node, tree

OWN = "urn:x:1"


def read(document: str) -> tuple[Node, list[Issue]]:
    issues: list[Issue] = []
    root = xml.parse(f'<r xmlns="{OWN}" xmlns:o="urn:other">{document}</r>'.encode())
    return tree(root, lambda namespace: namespace == OWN, issues), issues


def test_a_leaf_that_nobody_reads_is_counted_as_unmapped() -> None:
    root, _ = read("<a><b>1</b><c>2</c></a><a><c>3</c></a>")
    assert root.one("a", "b").value == "1"
    coverage = root.coverage()
    assert (coverage.mapped, coverage.kept, coverage.unmapped) == (1, {}, {"a.c": 2})


def test_what_is_kept_says_why_and_what_was_read_stays_mapped() -> None:
    root, _ = read("<a><b>1</b><c>2</c></a>")
    assert root.one("a", "b").value == "1"
    root.one("a").keep("not for us")
    assert (root.coverage().mapped, root.coverage().kept) == (1, {"a.c": "not for us"})


def test_what_is_refused_is_no_longer_mapped_and_an_issue_says_where_but_not_what() -> None:
    root, issues = read("<a><b>1</b></a><a><b>secret</b></a>")
    assert root.all("a")[1].one("b").value == "secret"
    root.all("a")[1].one("b").refuse("not a number")
    assert (root.coverage().mapped, root.coverage().kept) == (0, {"a.b": "not a number"})
    assert issues == [Issue("a[2].b", "not a number")]


def test_looking_without_reading_leaves_a_leaf_unmapped() -> None:
    root, _ = read("<a>1</a>")
    assert root.one("a").peek() == "1"
    assert root.coverage().unmapped == {"a": 1}


def test_an_element_of_another_namespace_is_never_taken_for_the_contracts_own() -> None:
    root, _ = read("<o:a>true</o:a>")
    assert not root.one("a")
    assert root.coverage().unmapped == {"{urn:other}a": 1}


def test_an_attribute_and_text_between_elements_are_leaves_too() -> None:
    root, _ = read('<a unit="mg">loose<b>1</b></a>')
    assert root.coverage().unmapped == {"a": 1, "a.b": 1, "a@unit": 1}


def test_the_absent_is_empty_all_the_way_down() -> None:
    root, issues = read("")
    absent = root.one("no", "such", "path")
    assert (bool(absent), absent.value, absent.all("x")) == (False, None, ())
    absent.keep("x")
    assert (root.coverage().kept, issues) == ({}, [])


def test_a_message_that_was_read_leaves_no_circles_behind() -> None:
    root, _ = read("<a unit='mg'><b>1</b><c><d>2</d></c></a><a/>")
    gc.collect()
    root.release()
    del root
    assert gc.collect() == 0


leaves = st.recursive(
    st.text("abc123", max_size=5),
    lambda inner: st.lists(st.tuples(st.sampled_from("abcd"), inner), max_size=4),
    max_leaves=25,
)


def _written(part: object) -> str:
    return part if isinstance(part, str) else "".join(f"<{name}>{_written(held)}</{name}>" for name, held in part)  # type: ignore[attr-defined]


@given(leaves, st.data())
def test_no_leaf_is_ever_lost_in_the_count(document: object, data: st.DataObject) -> None:
    root, _ = read(_written(document))
    fates = [(leaf, data.draw(st.sampled_from(["read", "keep", "refuse", "leave"]))) for leaf in root.leaves()]
    for leaf, fate in fates:
        if fate == "read":
            assert leaf.value == leaf.peek()
        elif fate == "keep":
            leaf.keep("why")
        elif fate == "refuse":
            leaf.refuse("why not")
    coverage = root.coverage()
    assert coverage.mapped == sum(fate == "read" for _, fate in fates)
    assert sum(coverage.unmapped.values()) == sum(fate == "leave" for _, fate in fates)
    assert set(coverage.kept) == {leaf.path for leaf, fate in fates if fate in ("keep", "refuse")}
