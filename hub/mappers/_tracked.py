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
    source bytes, and what neither happens to is unmapped. An element that is not there is `NOTHING`, an empty Node (falsy),
    so a path through missing optionals needs no questions. Elements of namespaces that are not the contract's own are
    known by `{namespace}name` and so never taken for the contract's.
    """

    __slots__ = ("_children", "_fate", "_parent", "_value", "name")

    # Whoever makes one fills it (`_fill`): to call an `__init__` would take as long as that.
    name: str
    _parent: "Node | None"
    _children: "dict[str, list[Node]]"
    _value: str
    _fate: str

    def __bool__(self) -> bool:
        return True if self._value or self._children else False  # noqa: SIM210  # `bool` would be one more call

    def one(self, name: str, *further: str) -> "Node":
        """The first element at a path of names; `NOTHING` where there is none."""
        held = self._children.get(name)
        node = held[0] if held else NOTHING
        return node.one(*further) if further else node

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

    def problem(self, problem: str, severity: str = "warning", of: str = "") -> None:
        """Something is wrong here, or with a child named `of` that need not be there; never a word of the value."""
        place = self.place
        self._message.issues.append(Issue(f"{place}.{of}" if place and of else place or of, problem, severity))

    def leaves(self) -> Iterator["Node"]:
        """The elements from here on that have a value."""
        return (node for node in self._nodes() if node._value)

    @property
    def place(self) -> str:
        """Where it stands, with its number (from 1) where it may repeat: `carePlan[2].carePlanHeader.documentTime`."""
        alike = self._parent._children.get(self.name, ()) if self._parent else ()
        number = f"[{alike.index(self) + 1}]" if len(alike) > 1 else ""
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

    @property
    def _message(self) -> "_Message":
        node = self
        while node._parent is not None:
            node = node._parent
        assert isinstance(node, _Root), "nothing is told of what is not there"
        return node.message


class _Root(Node):
    """The element that holds all others of a message."""

    __slots__ = ("message",)

    message: "_Message"


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
    top = _Root()
    top.name, top._parent, top._fate, top.message = message.names[root.tag], None, "", message
    _note(top, root.keys(), message)
    _fill(top, root, message)
    return top


def _fill(node: Node, element: xml.Element, message: _Message) -> None:
    """Give a new node what its element holds. Most elements are leaves, so these are not gone into."""
    names, leaves = message.names, message.leaves
    message.holders.append(node)
    children = node._children = {}
    text = element.text or ""
    for child in element:
        made = Node()
        made.name = name = names[child.tag]
        made._parent, made._fate = node, ""
        if name in children:
            children[name].append(made)
        else:
            children[name] = [made]
        if len(child):
            _fill(made, child, message)
        else:
            made._children = _NONE
            made._value = value = (child.text or "").strip()
            if value:
                leaves.append(made)
        if attributes := child.keys():
            _note(made, attributes, message)
        if tail := child.tail:
            text += tail
    node._value = value = text.strip()
    if value:
        leaves.append(node)


def _nothing() -> Node:
    node = Node()
    node.name, node._parent, node._children, node._value, node._fate = "", None, _NONE, "", ""
    return node


NOTHING = _nothing()
"""An element that is not there, whatever its name would be: a message lacks most of what it may hold."""


def _note(node: Node, attributes: Sequence[str | bytes], message: _Message) -> None:
    message.attributes.extend((node, str(each)) for each in attributes if not str(each).startswith(_XSI))


class _Names(dict[str, str]):
    """Names by tags. State: those that were met."""

    def __init__(self, is_own: Callable[[str], bool]) -> None:
        super().__init__()
        self._is_own = is_own

    def __missing__(self, tag: str) -> str:
        namespace, _, local = tag.removeprefix("{").rpartition("}")
        self[tag] = local if self._is_own(namespace) else tag
        return self[tag]
