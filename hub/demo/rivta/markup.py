"""XML as these systems write it: elements by namespace, written in one of two hands."""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class Element:
    """An element and what is in it; `verbatim` text is written as CDATA."""

    namespace: str
    name: str
    content: "tuple[Element | str, ...]" = ()
    verbatim: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The elements of one namespace."""

    uri: str

    def __call__(self, name: str, *content: Element | str | None, verbatim: bool = False) -> Element | None:
        """An element, or None when there is nothing to say in it: an optional element is left out, not sent empty."""
        said = tuple(part for part in content if part is not None)
        return Element(self.uri, name, said, verbatim) if said else None

    def root(self, name: str, *content: Element | str | None) -> Element:
        """An element that is there even when nothing is in it."""
        return Element(self.uri, name, tuple(part for part in content if part is not None))


@dataclass(frozen=True, slots=True)
class Hand:
    """How a vendor's software spells the same infoset."""

    prefixes: Mapping[str, str] = field(default_factory=dict)
    """Namespace -> prefix."""
    scattered: bool = False
    """Other namespaces become the default wherever they change, instead of a numbered prefix declared at the root."""
    declaration: str = DECLARATION


def written(root: Element, hand: Hand) -> bytes:
    """The document, UTF-8."""
    names = dict(hand.prefixes) if hand.scattered else _numbered(root, hand)
    declared = "".join(f' xmlns:{prefix}="{uri}"' for uri, prefix in names.items())
    return (hand.declaration + "".join(_parts(root, names, "", declared))).encode()


def _numbered(root: Element, hand: Hand) -> dict[str, str]:
    free = (f"ns{number}" for number in count(1))
    return {uri: hand.prefixes.get(uri) or next(free) for uri in dict.fromkeys(_namespaces(root))}


def _namespaces(element: Element) -> Iterator[str]:
    if element.namespace:
        yield element.namespace
    for part in element.content:
        if isinstance(part, Element):
            yield from _namespaces(part)


def _parts(element: Element, names: Mapping[str, str], default: str, declared: str = "") -> Iterator[str]:
    name = element.name
    if element.namespace in names:
        name = f"{names[element.namespace]}:{name}"
    elif element.namespace != default:
        default = element.namespace
        declared += f" xmlns='{default}'"
    yield f"<{name}{declared}>"
    for part in element.content:
        if isinstance(part, str):
            yield _text(part, element)
        else:
            yield from _parts(part, names, default)
    yield f"</{name}>"


def _text(text: str, element: Element) -> str:
    if element.verbatim:
        return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
    return html.escape(text, quote=False)
