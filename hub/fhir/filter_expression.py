"""The grammar of `_filter`, read by recursive descent.

    filter = term (("and" / "or") term)*          from left to right, neither binds closer
    term   = ["not"] "(" filter ")" / path SP operator SP value
    path   = name ["[" filter "]"] ["." path]     a bracket narrows what the reference points at
    value  = JSON string / anything without a space, ")" or "]"

Source: http://hl7.org/fhir/R4/search_filter.html
"""

import json
import re
from dataclasses import dataclass
from typing import Literal, cast

from hub.errors import InvalidRequest, TooCostly

NAME = "_filter"
MAX_LENGTH = 8_000
"""Characters of one filter."""
MAX_STEPS = 8
"""Names in one path."""
MAX_DEPTH = 16
"""Parentheses and brackets in each other."""
MAX_HEIGHT = 48
"""Changes between `and`, `or` and `not` in each other."""
_OPERATOR = re.compile(r"(?:eq|ne|co|sw|ew|gt|lt|ge|le|ap|sa|eb|pr|po|ss|sb|in|ni|re)(?=\s)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_TOKEN = re.compile(r"[^\s)\]]+")
_SPACE = re.compile(r"\s*")
_LOGIC = re.compile(r"(and|or)(?=[\s(])")
_NOT = re.compile(r"not(?=\s*\()")


def read_expression(written: str) -> "Expression":
    """Raises: InvalidRequest: not such an expression. TooCostly: too long or too deep."""
    if len(written) > MAX_LENGTH:
        raise TooCostly(f"has more than {MAX_LENGTH} characters", NAME)
    reader = _Reader(written)
    expression = reader.expression(0)
    reader.end()
    if _height(expression) > MAX_HEIGHT:
        raise TooCostly(f"and, or and not lie more than {MAX_HEIGHT} in each other", NAME)
    return expression


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    narrowed: "Expression | None"


@dataclass(frozen=True, slots=True)
class Test:
    path: tuple[Step, ...]
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Joined:
    left: "Expression"
    word: Literal["and", "or"]
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Negated:
    inner: "Expression"


Expression = Test | Joined | Negated


class _Reader:
    """State: how far the text is read."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def expression(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise TooCostly(f"more than {MAX_DEPTH} parentheses in each other", NAME)
        found = self._term(depth)
        while word := self._taken(_LOGIC):
            found = Joined(found, cast(Literal["and", "or"], word), self._term(depth))
        return found

    def end(self) -> None:
        if self.at < len(self.text.rstrip()):
            raise self._fault("nothing that can stand here")

    def _term(self, depth: int) -> Expression:
        negated = self._taken(_NOT)
        self._skip()
        if self._sign("("):
            inner = self.expression(depth + 1)
            if not self._sign(")"):
                raise self._fault("a parenthesis does not close")
            return Negated(inner) if negated else inner
        path = self._path(depth)
        operator = self._taken(_OPERATOR)
        if not operator:
            raise self._fault("an operator is missing")
        return Test(path, operator, self._value())

    def _path(self, depth: int) -> tuple[Step, ...]:
        steps = []
        while True:
            name = self._taken(_NAME)
            if not name:
                raise self._fault("the name of a parameter is missing")
            narrowed = None
            if self._sign("["):
                narrowed = self.expression(depth + 1)
                if not self._sign("]"):
                    raise self._fault("a bracket does not close")
            steps.append(Step(name, narrowed))
            if len(steps) > MAX_STEPS:
                raise TooCostly(f"a path has at most {MAX_STEPS} steps", NAME)
            if not self._sign("."):
                return tuple(steps)

    def _value(self) -> str:
        quoted = self._taken(_STRING)
        if quoted:
            try:
                return str(json.loads(quoted))
            except ValueError:
                raise self._fault("is no JSON string") from None
        found = self._taken(_TOKEN)
        if not found:
            raise self._fault("a value is missing")
        return found

    def _taken(self, form: re.Pattern[str]) -> str:
        self._skip()
        found = form.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[0] if found else ""

    def _sign(self, sign: str) -> bool:
        self._skip()
        found = self.text.startswith(sign, self.at)
        self.at += found
        return found

    def _skip(self) -> None:
        self.at = cast(re.Match[str], _SPACE.match(self.text, self.at)).end()

    def _fault(self, problem: str) -> InvalidRequest:
        return InvalidRequest(f"{problem} (at character {self.at + 1})", NAME)


def _height(expression: Expression) -> int:
    match expression:
        case Negated(inner):
            return 1 + _height(inner)
        case Test(path):
            return 1 + max((_height(step.narrowed) for step in path if step.narrowed), default=0)
        case Joined():
            word, changes, highest = "", 0, 0
            while isinstance(expression, Joined):
                changes += expression.word != word
                word, highest = expression.word, max(highest, _height(expression.right))
                expression = expression.left
            return changes + max(highest, _height(expression))
