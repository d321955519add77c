"""Search expressions, read: the grammar.

    expression = union *( "and" union )
    union      = term *( "|" term )                              alternatives, one after the other
    term       = path [ "as" type | ( "=" | "!=" ) literal ]
    path       = ( step | "(" expression ")" ) *( "." step )
    step       = name [ "[" place "]" ] | resolve() is type | as(type) | ofType(type) | exists() | where(expression)
               | extension(url) | hasExtension(url)

A first name that begins with a capital, `$this` and `%resource` stand for where one begins. An element of several types is
named with its type (`effective.ofType(Period)`), as JSON has it (`effectivePeriod`): so nothing needs to be known of R4's
structure here, and `tools/definitions` writes every type out.
Source: http://hl7.org/fhirpath/N1/, http://hl7.org/fhir/R4/fhirpath.html
"""

import re

from hub.fhir.expression import At, Both, Compared, Exists, Expression, Literal, Member, Path, Resolves, Step, Where, written

_HERE: Expression = ((),)
_TOKEN = re.compile(r"\s*(?:'([^']*)'|([$%]?\w+|!=|\S))", re.ASCII)


def parse(text: str) -> Expression:
    """Read an expression.

    Raises: ValueError: it is not in this grammar.
    """
    reader = _Reader(text)
    found = reader.expression()
    reader.end()
    return found


class _Reader:
    """Reads token by token. A class since every rule of the grammar moves the same place."""

    def __init__(self, text: str) -> None:
        self.tokens = [(found[1], found[2]) for found in _TOKEN.finditer(text.strip())]
        self.at = 0

    def expression(self) -> Expression:
        found = self.union()
        while self.skips("and"):
            found = ((Both(found, self.union()),),)
        return found

    def union(self) -> Expression:
        found = self.term()
        while self.skips("|"):
            found += self.term()
        return found

    def term(self) -> Expression:
        found = self.path()
        if self.skips("as"):
            return _cast(found, self.word())
        if self.skips("="):
            return ((Compared(found, True, self.literal()),),)
        if self.skips("!="):
            return ((Compared(found, False, self.literal()),),)
        return found

    def path(self) -> Expression:
        if self.skips("("):
            found = self.expression()
            self.expects(")")
        else:
            found = self.first()
        while self.skips("."):
            found = self.step(found, self.word())
        return found

    def first(self) -> Expression:
        name = self.word()
        return _HERE if name[0] in "$%" or name[0].isupper() else self.step(_HERE, name)

    def step(self, before: Expression, name: str) -> Expression:
        if not self.skips("("):
            found = _then(before, Member(name))
            if self.skips("["):
                found = _then(found, At(int(self.word())))
                self.expects("]")
            return found
        found = self.function(before, name)
        self.expects(")")
        if name == "resolve":
            self.expects("is")
            return _then(found, Resolves(self.word()))
        return found

    def function(self, before: Expression, name: str) -> Expression:
        match name:
            case "as" | "ofType":
                return _cast(before, self.word())
            case "exists":
                return ((Exists(before),),)
            case "where":
                return _then(before, Where(self.expression()))
            case "extension":
                return _extension(before, self.text())
            case "hasExtension":
                return ((Exists(_extension(before, self.text())),),)
            case "resolve":
                return before
        raise ValueError(f"{name} is no function of search expressions")

    def literal(self) -> Literal:
        if self.at < len(self.tokens) and self.tokens[self.at][0] is not None:
            return self.text()
        word = self.word()
        if word.isdigit():
            return int(word)
        if word not in ("true", "false"):
            raise ValueError(f"{word} is no literal of search expressions")
        return word == "true"

    def text(self) -> str:
        return self._take(0)

    def word(self) -> str:
        return self._take(1)

    def skips(self, word: str) -> bool:
        found = self.at < len(self.tokens) and self.tokens[self.at][1] == word
        self.at += found
        return found

    def expects(self, word: str) -> None:
        if not self.skips(word):
            raise ValueError(f"no {word} at token {self.at + 1}")

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise ValueError(f"more than one expression, from token {self.at + 1}")

    def _take(self, part: int) -> str:
        found = self.tokens[self.at][part] if self.at < len(self.tokens) else None
        if found is None:
            raise ValueError(f"an expression of another form, at token {self.at + 1}")
        self.at += 1
        return found


def _then(expression: Expression, step: Step) -> Expression:
    return tuple((*path, step) for path in expression)


def _extension(expression: Expression, url: str) -> Expression:
    is_it = Where(((Compared(((Member("url"),),), True, url),),))
    return _then(_then(expression, Member("extension")), is_it)


def _cast(expression: Expression, to: str) -> Expression:
    return tuple((*path[:-1], _as(path, to)) for path in expression)


def _as(path: Path, to: str) -> Member:
    if not path or not isinstance(path[-1], Member):
        raise ValueError("only an element is of several types")
    return Member(path[-1].name, to)


def unnarrowed(text: str) -> tuple[str, ...]:
    """The alternatives of an expression, whatever type the references in them point at, each once."""
    paths = (tuple(step for step in path if not _narrows(step)) for path in parse(text))
    return tuple(dict.fromkeys(written((path,)) for path in paths))


def _narrows(step: Step) -> bool:
    return isinstance(step, Where) and isinstance(step.condition[0][-1], Resolves)
