"""Links of a resource written anew: what a transaction's entries call each other becomes the ids that they were given.

Source: http://hl7.org/fhir/R4/http.html#trules (references, elements of type uri, and links of the narrative);
http://hl7.org/fhir/R4/bundle.html#references (a relative reference is read beside the fullUrl of its entry).
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from hub.fhir.elements import definition, is_primitive
from hub.fhir.resource import Resource

_LINKS = frozenset(("uri", "url", "canonical", "oid", "uuid"))
_IN_NARRATIVE = re.compile(r"""(?<=\s)(?P<name>href|src)=(?P<quote>["'])(?P<link>[^"']*)(?P=quote)""")
_RESTFUL = re.compile(r"(?P<base>https?://\S+/)[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
Rewrite = Callable[[str, bool], str]


def relinked(resource: Resource, links: Mapping[str, str], full_url: str = "") -> Resource:
    """The resource with each link of `links` as it is called there; the same object where there is none.

    Takes: `links`: what is written -> what is to stand; `full_url`: of the resource's entry.
    """
    base = _RESTFUL.fullmatch(full_url)
    beside = base["base"] if base else ""

    def rewrite(written: str, reference: bool) -> str:
        link, mark, version = written.partition("/_history/") if reference else (written, "", "")
        found = links.get(link)
        if found is None and reference and beside and not link.startswith(("#", "urn:")) and ":" not in link:
            found = links.get(beside + link)
        return written if found is None else found + (mark + version if not link.startswith("urn:") else "")

    found: Resource = _of_type(resource, str(resource["resourceType"]), rewrite)
    return found


def made_relative(resource: Resource, base: str) -> Resource:
    """The resource with its references to this server written as `Type/id`; the same object where it has none that are absolute.

    Takes: `base`: the server's own FHIR base URL. Source: http://hl7.org/fhir/R4/references.html#literal
    """

    def rewrite(written: str, reference: bool) -> str:
        return relative(written, base) if reference else written

    found: Resource = _of_type(resource, str(resource["resourceType"]), rewrite)
    return found


def relative(written: str, base: str) -> str:
    """A URL without the server's own FHIR base URL, in whatever way that is written: with http or https, in capitals or not, with
    the port that goes without saying or not. Any other text as it is. Source: RFC 3986 section 6.2."""
    return _own(base).sub("", written, count=1) if ":" in written else written


@cache
def _own(base: str) -> re.Pattern[str]:
    parts = urlsplit(base)
    host = re.escape(parts.netloc.removesuffix(f":{parts.port}"))
    usual = parts.port in (None, 80, 443)
    places = f"http://{host}(?::80)?|https://{host}(?::443)?" if usual else f"https?://{host}:{parts.port}"
    return re.compile(f"^(?i:{places}){re.escape(parts.path)}/")


def _of_type(held: Any, kind: str, rewrite: Rewrite) -> Any:
    """An element of a type, its links rewritten."""
    if isinstance(held, list):
        items = [_of_type(each, kind, rewrite) for each in held]
        return items if any(one is not other for one, other in zip(items, held, strict=True)) else held
    if isinstance(held, str):
        return rewrite(held, False) if kind in _LINKS else _narrative(held, rewrite) if kind == "xhtml" else held
    if not isinstance(held, dict):
        return held
    if kind == "Resource":
        kind = str(held.get("resourceType", ""))
    try:
        written = definition(kind).written
    except KeyError:
        return held
    changed = {name: _element(name, value, kind, written, rewrite) for name, value in held.items()}
    return changed if any(changed[name] is not value for name, value in held.items()) else held


def _element(name: str, value: Any, kind: str, written: Mapping[str, Any], rewrite: Rewrite) -> Any:
    if kind == "Reference" and name == "reference":
        return rewrite(value, True) if isinstance(value, str) else value
    element = written.get(name.removeprefix("_"))
    if element is None:
        return value
    if name.startswith("_"):
        return _of_type(value, "Element", rewrite)
    return value if is_primitive(element.type) and not isinstance(value, str | list) else _of_type(value, element.type, rewrite)


def _narrative(div: str, rewrite: Rewrite) -> str:
    return _IN_NARRATIVE.sub(lambda found: f"{found['name']}={found['quote']}{rewrite(found['link'], True)}{found['quote']}", div)
