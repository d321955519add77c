"""A second opinion on what search asks of more than one value or resource: modifiers, chains, `_has`, `_filter`.

Looks everything through, one resource at a time; knows nothing of `hub`. What one value finds is `search_naive`'s to say.
"""

import re


class World:
    """All resources that a caller may see. `below`: code -> codes that it subsumes, itself among them; `sets`: URL -> codes."""

    def __init__(self, naive, resources, now, below=None, sets=None):
        self.naive, self.resources, self.now = naive, resources, now
        self.below, self.sets = below or {}, sets or {}

    def found(self, resource_type, name, written):
        return {each["id"] for each in self.resources if each["resourceType"] == resource_type and self.hit(each, name, written)}

    def hit(self, resource, name, written):
        if name.startswith("_has:"):
            _, source, through, rest = name.split(":", 3)
            others = (each for each in self.resources if each["resourceType"] == source)
            return any(resource in self.pointed(each, through) and self.hit(each, rest, written) for each in others)
        head, dot, rest = name.partition(".")
        if dot:
            through, _, kind = head.partition(":")
            targets = [each for each in self.pointed(resource, through) if kind in ("", each["resourceType"])]
            return any(self.hit(each, rest, written) for each in targets if self.knows(each, rest))
        if name == "_filter":
            return self.filtered(resource, written)
        return self.own(resource, *name.partition(":")[::2], written)

    def knows(self, resource, name):
        first = re.split(r"[.:]", name)[0]
        of_type = self.naive.PARAMETERS.get(resource["resourceType"], {})
        return first in ("_has", "_id") or first in of_type or (first in self.naive.COMPOSITES and "code" in of_type)

    def pointed(self, resource, name):
        _, elements = self.naive.PARAMETERS[resource["resourceType"]][name]
        written = [each.get("reference", "") for each in elements(resource)]
        return [each for each in self.resources if f"{each['resourceType']}/{each['id']}" in written]

    def own(self, resource, name, modifier, written):
        naive = self.naive
        if name == "_id":
            return (resource["id"] in naive.split(written, ",")) is (modifier != "not")
        if name in naive.COMPOSITES:
            bases, parts = naive.COMPOSITES[name]
            return any(
                naive.composed(base, parts, one, self.now) for one in naive.split(written, ",") for base in bases(resource)
            )
        kind, elements = naive.PARAMETERS[resource["resourceType"]][name]
        held = elements(resource)
        if modifier == "missing":
            return (not held) is (written == "true")
        values = naive.split(written, ",")
        if modifier in ("not", "not-in"):
            opposite = "" if modifier == "not" else "in"
            return not any(self.one(kind, opposite, element, value) for value in values for element in held)
        return any(self.one(kind, modifier, element, value) for value in values for element in held)

    def one(self, kind, modifier, element, value):
        naive = self.naive
        plain = naive.plain(value)
        match modifier:
            case "":
                return naive.KINDS[kind](element, value, self.now)
            case "exact":
                return plain in texts(element)
            case "contains":
                return any(naive.bare(plain) in naive.bare(text) for text in texts(element))
            case "text":
                return any(naive.bare(text).startswith(naive.bare(plain)) for text in beside(element))
            case "below" if kind == "uri":
                return element.startswith(plain)
            case "above" if kind == "uri":
                return plain == element or plain.startswith(element if element.endswith("/") else element + "/")
            case "in":
                return any(code in self.sets[plain] for code in codes(element))
            case "below":
                return any(code in self.below[tuple(plain.split("|"))] for code in codes(element))
            case "above":
                return any(tuple(plain.split("|")) in self.below.get(code, ()) for code in codes(element))
            case "of-type":
                system, code, value = naive.split(value, "|")
                kinds = codes(element.get("type", {}))
                return (naive.plain(system), naive.plain(code)) in kinds and element.get("value") == naive.plain(value)
            case "identifier":
                return "identifier" in element and naive.identifier(element["identifier"], value, self.now)
            case _:
                points_there = element.get("reference", "").split("/")[0] == modifier
                return points_there and naive.reference(element, value, self.now)

    def filtered(self, resource, written):
        """Terms joined from left to right; brackets and parentheses are taken apart by hand."""
        terms = apart(written)
        found = self.term(resource, terms[0])
        for word, term in zip(terms[1::2], terms[2::2], strict=True):
            right = self.term(resource, term)
            found = (found and right) if word == "and" else (found or right)
        return found

    def term(self, resource, written):
        if written.startswith("not"):
            return not self.filtered(resource, written[3:].strip()[1:-1])
        if written.startswith("("):
            return self.filtered(resource, written[1:-1])
        path, operator, value = re.fullmatch(r"([\w-]+(?:\[[^]]*\])?\S*) (\w\w) (.+)", written).groups()
        return self.compared(resource, path, operator, value.strip('"'))

    def compared(self, resource, path, operator, value):
        naive = self.naive
        name, bracket, rest = re.fullmatch(r"([\w-]+)(\[.*?\])?(?:\.(.+))?", path).groups()
        if name not in naive.PARAMETERS[resource["resourceType"]]:
            return False
        kind, elements = naive.PARAMETERS[resource["resourceType"]][name]
        if rest:
            targets = [each for each in self.pointed(resource, name) if self.knows(each, rest)]
            if bracket:
                targets = [each for each in targets if self.filtered(each, bracket[1:-1])]
            return any(self.compared(each, rest, operator, value) for each in targets)
        held = elements(resource)
        if operator == "pr":
            return bool(held) is (value == "true")
        if kind == "string":
            bare, asked = [naive.bare(text) for element in held for text in texts(element)], naive.bare(value)
            tests = {
                "eq": lambda text: text == asked,
                "ne": lambda text: text != asked,
                "co": lambda text: asked in text,
                "sw": lambda text: text.startswith(asked),
                "ew": lambda text: text.endswith(asked),
            }
            return any(map(tests[operator], bare))
        if kind in ("code", "identifier"):
            if operator == "ne":
                return any(not naive.KINDS[kind](one, value, self.now) for element in held for one in singly(element))
            return any(naive.KINDS[kind](element, value, self.now) for element in held)
        if operator == "re":
            return any(naive.reference(element, value, self.now) for element in held)
        if kind == "date" and operator in ("co", "po"):
            low, high = naive.covers(value)
            spans = map(naive.covers, held)
            return any(lo <= low and high <= hi if operator == "co" else lo < high and low < hi for lo, hi in spans)
        return any(naive.KINDS[kind](element, operator + value, self.now) for element in held)


def apart(written):
    """`a and (b or c)` -> [a, and, (b or c)]: split at words that stand outside of brackets and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for found in re.finditer(r'"|[(\[]|[)\]]| (and|or) ', written):
        sign = found[0]
        quoted ^= sign == '"'
        depth += (sign in "([") - (sign in ")]") if not quoted else 0
        if found[1] and not depth and not quoted:
            parts += [written[start : found.start()], found[1]]
            start = found.end()
    return [each.strip() for each in (*parts, written[start:])]


def texts(element):
    if isinstance(element, str):
        return [element]
    return [text for text in (element.get("text"), element.get("family"), *element.get("given", [])) if text]


def beside(element):
    """What is written beside a code or identifier."""
    if not isinstance(element, dict):
        return []
    found = [
        element.get("text"),
        element.get("type", {}).get("text"),
        *(each.get("display") for each in element.get("coding", [])),
    ]
    return [text for text in found if text]


def codes(element):
    """(system, code) pairs."""
    if isinstance(element, str):
        return [("", element)]
    return [(each.get("system", ""), each["code"]) for each in element.get("coding", []) if "code" in each]


def singly(element):
    """The codings of a concept, each by itself."""
    if isinstance(element, dict) and "coding" in element:
        return [{"coding": [each]} for each in element["coding"] if "code" in each]
    return [element]
