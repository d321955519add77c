"""Search expressions: the part of FHIRPath that R4's search parameters are written in, as a tree.

`hub.fhir.expression_read` reads one, `written` writes it, `hub.fhir.compiled` finds with it.
"""

from dataclasses import dataclass

Literal = str | bool | int


@dataclass(frozen=True, slots=True)
class Member:
    """The values of one element, as the type `cast` where it has several."""

    name: str
    cast: str = ""

    @property
    def json(self) -> str:
        """Its name in JSON."""
        return self.name + self.cast[:1].upper() + self.cast[1:]


@dataclass(frozen=True, slots=True)
class At:
    """One of the values, by its place."""

    place: int


@dataclass(frozen=True, slots=True)
class Where:
    """The values for which a condition holds."""

    condition: "Expression"


@dataclass(frozen=True, slots=True)
class Resolves:
    """Whether a reference points at a resource of this type, as far as it says so itself."""

    type: str


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether there is anything."""

    of: "Expression"


@dataclass(frozen=True, slots=True)
class Compared:
    """Whether what is found is, or is not, just this value; nothing where nothing is found."""

    of: "Expression"
    equal: bool
    value: Literal


@dataclass(frozen=True, slots=True)
class Both:
    """Whether both hold."""

    first: "Expression"
    second: "Expression"


Step = Member | At | Where | Resolves | Exists | Compared | Both
Path = tuple[Step, ...]
Expression = tuple[Path, ...]
"""Alternatives. An empty path is where one begins."""


def written(expression: Expression) -> str:
    """The text of an expression; `parse` reads it back."""
    return " | ".join(_path(path) for path in expression)


def _path(path: Path) -> str:
    text = ""
    for step in path:
        text = _step(text, step)
    return text or "$this"


def _step(before: str, step: Step) -> str:
    dot = f"{before}." if before else ""
    match step:
        case Member(name, cast):
            return f"{dot}{name}.ofType({cast})" if cast else f"{dot}{name}"
        case At(place):
            return f"{before}[{place}]"
        case Where(condition):
            return f"{dot}where({written(condition)})"
        case Resolves(name):
            return f"{dot}resolve() is {name}"
        case Exists(of):
            return f"{_grouped(of)}.exists()"
        case Compared(of, equal, value):
            literal = f"'{value}'" if isinstance(value, str) else str(value).lower()
            return f"{_grouped(of)} {'=' if equal else '!='} {literal}"
        case Both(first, second):
            return f"{written(first)} and {written(second)}"


def _grouped(expression: Expression) -> str:
    return written(expression) if len(expression) == 1 else f"({written(expression)})"
