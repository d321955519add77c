"""An XML tree that remembers what has been read of it, so that no leaf is lost in silence."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from hub import xml
from hub.errors import Issue
from hub.mappers import Coverage

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_NONE: "dict[str, list[Node]]" = {}
"""The children of what has none; most elements are leaves."""


MAPPED = "mapped"


class Node:
    """One element: its children by name in any order, and the fate of its own value.

    The one thing with state among the mappers: reading a value marks it as mapped, `keep` says why it is left in the
    source bytes, and what neither happens to is unmapped. An element that is not there is an empty Node (falsy), so
    a path through missing optionals needs no questions. Elements of namespaces that are not the contract's own are
    known by `{namespace}name` and so never taken for the contract's.
    """

    __slots__ = ("_children", "_fate", "_message", "_number", "_parent", "_value", "name")

    def __init__(self, name: str, parent: "Node | None", number: int, message: "_Message") -> None:
        self.name = name
        self._parent = parent
        self._number = number
        self._message = message
        self._children: dict[str, list[Node]] = _NONE
        self._value = self._fate = ""

    def __bool__(self) -> bool:
        return bool(self._value or self._children)

    def one(self, name: str, *further: str) -> "Node":
        """The first element at a path of names; an empty Node where there is none."""
        held = self._children.get(name)
        node = held[0] if held else _Absent(name, self, self._message)
        return node.one(*further) if further else node

    def absent(self, name: str) -> "Node":
        """What stands for a child that is not there, or that may not be used."""
        return _Absent(name, self, self._message)

    def all(self, name: str) -> Sequence["Node"]:
        """Every child of that name, in order."""
        return self._children.get(name, ())

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
        if not self:
            return
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
        self._message.issues.append(Issue(self.place, problem, severity))

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
        """What became of every leaf of the message, from wherever in it this is asked."""
        message = self._message
        rest = [leaf for leaf in message.leaves if leaf._fate != MAPPED]
        unmapped = Counter(leaf.path for leaf in rest if not leaf._fate)
        unmapped.update(f"{node.path}@{name}" for node, name in message.attributes)
        return Coverage(len(message.leaves) - len(rest), {leaf.path: leaf._fate for leaf in rest if leaf._fate}, dict(unmapped))

    def release(self) -> None:
        """Take the message apart, as nothing more is asked of it: what holds itself in a circle is dear to be rid of."""
        for node in self._message.holders:
            node._children = _NONE
        for held in (self._message.holders, self._message.leaves, self._message.attributes):
            held.clear()

    def _nodes(self) -> Iterator["Node"]:
        """This element and all inside it, in the order of the message."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            for held in reversed(node._children.values()):
                waiting.extend(reversed(held))

    def _is_repeated(self) -> bool:
        return self._parent is not None and len(self._parent._children.get(self.name, ())) > 1


class _Absent(Node):
    """An element that is not there. A message lacks most of what it may hold, so one of these costs less than a Node."""

    __slots__ = ()
    _number, _children, _value = 0, _NONE, ""

    def __init__(self, name: str, parent: Node, message: "_Message") -> None:
        self.name = name
        self._parent = parent
        self._message = message


@dataclass(frozen=True, slots=True)
class _Message:
    """What is accounted for of a message as a whole."""

    names: "_Names"
    issues: list[Issue]
    leaves: list[Node] = field(default_factory=list)
    holders: list[Node] = field(default_factory=list)
    """Nodes with children."""
    attributes: list[tuple[Node, str]] = field(default_factory=list)
    """Nobody reads them; those of XML Schema are not counted."""


def tree(root: xml.Element, is_own: Callable[[str], bool], issues: list[Issue]) -> Node:
    """The tree under `root`; `is_own` tells the namespaces whose elements go by their local name."""
    message = _Message(_Names(is_own), issues)
    return _node(root, message.names[root.tag], None, 1, message)


def _node(element: xml.Element, name: str, parent: Node | None, number: int, message: _Message) -> Node:
    node = Node(name, parent, number, message)
    text = element.text or ""
    if len(element):
        message.holders.append(node)
        children = node._children = {}
        for child in element:
            its = message.names[child.tag]
            held = children.setdefault(its, [])
            held.append(_node(child, its, node, len(held) + 1, message))
            text += child.tail or ""
    if value := text.strip():
        node._value = value
        message.leaves.append(node)
    if attributes := element.keys():
        message.attributes.extend((node, str(each)) for each in attributes if not str(each).startswith(_XSI))
    return node


class _Names(dict[str, str]):
    """Names by tags. State: those that were met."""

    def __init__(self, is_own: Callable[[str], bool]) -> None:
        super().__init__()
        self._is_own = is_own

    def __missing__(self, tag: str) -> str:
        namespace, _, local = tag.removeprefix("{").rpartition("}")
        self[tag] = local if self._is_own(namespace) else tag
        return self[tag]
