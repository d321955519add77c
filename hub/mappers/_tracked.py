"""An XML tree that remembers what has been read of it, so that no leaf is lost in silence."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from hub import xml
from hub.errors import Issue
from hub.mappers import Coverage

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_NONE: "Mapping[str, list[Node]]" = {}
"""The children of what has none; most elements are leaves."""


MAPPED = "mapped"


class Node:
    """One element: its children by name in any order, and the fate of its own value.

    The one thing with state among the mappers: reading a value marks it as mapped, `keep` says why it is left in the
    source bytes, and what neither happens to is unmapped. An element that is not there is an empty Node (falsy), so
    a path through missing optionals needs no questions. Elements of namespaces that are not the contract's own are
    known by `{namespace}name` and so never taken for the contract's.
    """

    __slots__ = ("_attributes", "_children", "_fate", "_issues", "_number", "_parent", "_value", "name")

    def __init__(self, name: str, parent: "Node | None", number: int, issues: list[Issue]) -> None:
        self.name = name
        self._parent = parent
        self._number = number
        self._issues = issues
        self._children: Mapping[str, list[Node]] = _NONE
        self._attributes: Sequence[str] = ()
        self._value = ""
        self._fate = ""

    def __bool__(self) -> bool:
        return bool(self._value or self._children)

    def one(self, *path: str) -> "Node":
        """The first element at `path`; an empty Node where there is none."""
        node = self
        for name in path:
            held = node._children.get(name)
            if not held:
                return Node(name, node, 0, self._issues)
            node = held[0]
        return node

    def all(self, name: str) -> tuple["Node", ...]:
        """Every child of that name, in order."""
        return tuple(self._children.get(name, ()))

    def children(self) -> tuple["Node", ...]:
        """Every child; names in the order of their first appearance."""
        return tuple(child for held in self._children.values() for child in held)

    @property
    def value(self) -> str | None:
        """The text of a leaf without surrounding space, now read; None where there is none."""
        if not self._value:
            return None
        if not self._fate:
            self._fate = MAPPED
        return self._value

    def peek(self) -> str:
        """The text of a leaf, without having read it."""
        return self._value

    def keep(self, reason: str) -> None:
        """Leave this element and all inside it, as far as not read, in the source bytes alone; `reason` says why."""
        for leaf in self.leaves():
            if leaf._fate != MAPPED:
                leaf._fate = reason

    def refuse(self, reason: str, severity: str = "warning") -> None:
        """This value cannot be used: keep it aside with `reason`, whatever was read of it, and say so in an issue."""
        for leaf in self.leaves():
            leaf._fate = reason
        self.problem(reason, severity)

    def problem(self, problem: str, severity: str = "warning") -> None:
        """Something is wrong here; never a word of the value."""
        self._issues.append(Issue(self.place, problem, severity))

    def leaves(self) -> Iterator["Node"]:
        """The elements from here on that have a value."""
        return (node for node in self._nodes() if node._value)

    @property
    def place(self) -> str:
        """Where it stands, with its number (from 1) where it may repeat: `carePlan[2].carePlanHeader.documentTime`."""
        number = f"[{self._number}]" if self._number > 1 or self._is_repeated() else ""
        above = self._parent.place if self._parent and self._parent._parent else ""
        return f"{above}.{self.name}{number}" if above else f"{self.name}{number}"

    @property
    def path(self) -> str:
        """Where it stands, without numbers, from below the root on."""
        above = self._parent.path if self._parent and self._parent._parent else ""
        return f"{above}.{self.name}" if above else self.name

    def coverage(self) -> Coverage:
        """What became of every leaf from here on."""
        mapped = 0
        kept: dict[str, str] = {}
        unmapped: Counter[str] = Counter()
        for node in self._nodes():
            if node._value and node._fate == MAPPED:
                mapped += 1
            elif node._value and node._fate:
                kept[node.path] = node._fate
            elif node._value:
                unmapped[node.path] += 1
            if node._attributes:
                unmapped.update(f"{node.path}@{name}" for name in node._attributes)
        return Coverage(mapped, kept, dict(unmapped))

    def _nodes(self) -> Iterator["Node"]:
        """This element and all inside it, in the order of the message."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            if node._children:
                waiting.extend(reversed(node.children()))

    def _is_repeated(self) -> bool:
        return self._parent is not None and len(self._parent._children.get(self.name, ())) > 1


def tree(root: xml.Element, is_own: Callable[[str], bool], issues: list[Issue]) -> Node:
    """The tree under `root`; `is_own` tells the namespaces whose elements go by their local name."""
    return _node(root, None, 1, is_own, issues, {})


def _node(
    element: xml.Element,
    parent: Node | None,
    number: int,
    is_own: Callable[[str], bool],
    issues: list[Issue],
    names: dict[str, str],
) -> Node:
    node = Node(_name(element, is_own, names), parent, number, issues)
    text = element.text or ""
    if len(element):
        children: dict[str, list[Node]] = {}
        for child in element:
            held = children.setdefault(_name(child, is_own, names), [])
            held.append(_node(child, node, len(held) + 1, is_own, issues, names))
            text += child.tail or ""
        node._children = children
    node._value = text.strip()
    if element.attrib:
        node._attributes = tuple(str(name) for name in element.attrib if not str(name).startswith(_XSI))
    return node


def _name(element: xml.Element, is_own: Callable[[str], bool], names: dict[str, str]) -> str:
    tag = str(element.tag)
    if tag not in names:
        names[tag] = xml.local_name(element) if is_own(xml.namespace(element)) else tag
    return names[tag]
