"""The paths of FHIRPath Patch, read: the grammar.

    path      = type *( "." step | "[" n "]" )
    step      = name | first() | last() | tail() | single() | skip(n) | take(n) | where(condition) | ofType(type) | as(type)
              | extension(url)
    condition = all *( "or" all )        all = test *( "and" test )
    test      = operand [ operator operand | "is" type ]
    operator  = "=" | "!=" | "~" | "!~" | "<" | "<=" | ">" | ">=" | "in" | "contains"
    operand   = literal | "(" condition ")" [ ".not()" ] | ( "$this" | step ) *( "." step | "[" n "]" )

In a condition a step may also be exists(), empty(), not(), count(), startsWith(text), endsWith(text) or contains(text).

Nothing else of FHIRPath is evaluated for a caller: no regular expressions, no functions over whole resources.
Source: http://hl7.org/fhir/R4/fhirpatch.html, http://hl7.org/fhirpath/N1/
"""

import re
from decimal import Decimal
from typing import cast

from hub.fhir.patch_path import (
    Choosing,
    Chosen,
    Compared,
    Condition,
    Counted,
    Counting,
    Extended,
    Fixed,
    Found,
    Is,
    Joined,
    Named,
    Negated,
    OfType,
    Path,
    Place,
    Step,
    Tested,
    Where,
)

SUPPORTED = (
    "names of elements, [n], first(), last(), tail(), single(), skip(n), take(n), ofType(type), as(type), extension(url), and "
    "where(…) with =, !=, ~, !~, <, <=, >, >=, in, contains, is, and, or, not(), exists(), empty(), count(), startsWith(), "
    "endsWith(), contains()"
)
"""In words, for who wrote another path."""
MAX_DEPTH = 16
"""Parentheses in each other."""
_TOKEN = re.compile(
    r"\s*(?:'(?P<text>(?:[^'\\]|\\.)*)'|`(?P<quoted>[A-Za-z_]\w*)`|@(?P<time>[0-9T:.+Z-]+)|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<word>\$?[A-Za-z_]\w*)|(?P<sign>!=|!~|<=|>=|[=~<>.()\[\],-]))",
    re.ASCII,
)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
_CHOOSING, _COUNTING = ("first", "last", "tail", "single"), ("skip", "take")
_TESTING = ("exists", "empty", "not", "count")
_TEXTS = ("startsWith", "endsWith", "contains")
_OPERATORS = ("=", "!=", "~", "!~", "<", "<=", ">", ">=", "in", "contains")


def read_path(written: str) -> Path:
    """The steps of a path; the first is the name of the type.

    Raises: ValueError: it is not in this grammar.
    """
    reader = _Reader(written)
    steps: list[Step] = [Named(reader.word())]
    while not reader.ended:
        steps.append(reader.step(testing=False))
    return tuple(steps)


class _Reader:
    """Reads token by token. State: how far."""

    def __init__(self, text: str) -> None:
        self.tokens, self.at, self.depth = list(_tokens(text.strip())), 0, 0

    @property
    def ended(self) -> bool:
        return self.at >= len(self.tokens)

    def step(self, testing: bool) -> Step:
        """One step with what stands before it."""
        if self.skips("sign", "["):
            place = Place(self.whole())
            self.expects("]")
            return place
        self.expects(".")
        return self.named(testing)

    def named(self, testing: bool) -> Step:
        name = self.word()
        if not self.skips("sign", "("):
            return Named(name)
        found = self.function(name, testing)
        self.expects(")")
        return found

    def function(self, name: str, testing: bool) -> Step:
        if name in _CHOOSING:
            return Chosen(cast(Choosing, name))
        if name in _COUNTING:
            return Counted(cast(Counting, name), self.whole())
        if testing and name in _TESTING:
            return Tested(name)
        if testing and name in _TEXTS:
            return Tested(name, self.take("text"))
        match name:
            case "ofType" | "as":
                return OfType(self.type())
            case "where":
                return Where(self.condition())
            case "extension":
                return Extended(self.take("text"))
        raise ValueError(f"{name} is no function of these paths")

    def condition(self) -> Condition:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ValueError("too deep")
        found = self.all()
        while self.skips("word", "or"):
            found = Joined("or", found, self.all())
        self.depth -= 1
        return found

    def all(self) -> Condition:
        found = self.test()
        while self.skips("word", "and"):
            found = Joined("and", found, self.test())
        return found

    def test(self) -> Condition:
        left = self.operand()
        if self.skips("word", "is"):
            return Is(left, self.type())
        for operator in _OPERATORS:
            if self.skips("sign", operator) or self.skips("word", operator):
                return Compared(operator, left, self.operand())
        return left

    def operand(self) -> Condition:
        if self.skips("sign", "("):
            inner = self.condition()
            self.expects(")")
            if self.next_is("sign", "."):
                if self.step(testing=True) != Tested("not"):
                    raise ValueError("after a parenthesis not() can follow, and nothing else")
                return Negated(inner)
            return inner
        literal = self.literal()
        if literal is not None:
            return literal
        steps: list[Step] = [] if self.skips("word", "$this") else [self.named(testing=True)]
        while self.next_is("sign", ".") or self.next_is("sign", "["):
            steps.append(self.step(testing=True))
        return Found(tuple(steps))

    def literal(self) -> Fixed | None:
        kind, text = self.tokens[self.at] if not self.ended else ("", "")
        if kind in ("text", "time"):
            self.at += 1
            return Fixed(text)
        if kind == "word" and text in ("true", "false"):
            self.at += 1
            return Fixed(text == "true")
        negative = self.skips("sign", "-")
        if negative or kind == "number":
            return Fixed(Decimal(self.take("number")) * (-1 if negative else 1))
        return None

    def type(self) -> str:
        name = self.word()
        return self.word() if name in ("FHIR", "System") and self.skips("sign", ".") else name

    def whole(self) -> int:
        return int(self.take("number"))

    def word(self) -> str:
        return self.take("word")

    def take(self, kind: str) -> str:
        found = self.tokens[self.at] if not self.ended else ("", "")
        if found[0] != kind:
            raise ValueError(f"no {kind} at token {self.at + 1}")
        self.at += 1
        return found[1]

    def next_is(self, kind: str, text: str) -> bool:
        return not self.ended and self.tokens[self.at] == (kind, text)

    def skips(self, kind: str, text: str) -> bool:
        found = self.next_is(kind, text)
        self.at += found
        return found

    def expects(self, sign: str) -> None:
        if not self.skips("sign", sign):
            raise ValueError(f"no {sign} at token {self.at + 1}")


def _tokens(text: str) -> "list[tuple[str, str]]":
    found, at = [], 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise ValueError(f"nothing of a path at character {at + 1}")
        kind, written = token.lastgroup, token[token.lastgroup]
        found.append(("word", written) if kind == "quoted" else (kind, _unescaped(written) if kind == "text" else written))
        at = token.end()
    return found


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        code = found[1]
        return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPED.get(code, code)

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", one, text)
