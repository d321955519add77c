"""Every place where the store asks whether an entry is released, found in the code itself; and the code without that question.

A place is a call of `permitted` (the predicate of a relation), of `permits` (which rows of a Release let something through), of
`let_through` (the same of what was weighed), of `decided` (the candidates that are let through) or of `leads` (whether a key
leads to what is released) anywhere in hub/store.
`dropped`: the answer is yes of everything; `negated`: it is the opposite.
"""

import ast
import importlib
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import not_, true

from hub.store import release_shape, rows

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mutant:
    """A function of a module, and what becomes of one call in it."""

    module: str
    function: str
    line: int
    column: int
    how: str

    def __str__(self) -> str:
        return f"{self.module.rpartition('.')[2]}.{self.function}:{self.line}:{self.column} {self.how}"


def places() -> Iterator[tuple[str, str, ast.Call]]:
    """(module, function, call) of every place."""
    for path in sorted((ROOT / "hub" / "store").glob("*.py")):
        yield from _within(f"hub.store.{path.stem}", "", ast.parse(path.read_text("utf-8")))


def mutants() -> list[Mutant]:
    return [
        Mutant(module, name, at.lineno, at.col_offset, how) for module, name, at in places() for how in ("dropped", "negated")
    ]


def _within(module: str, name: str, held: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    for node in ast.iter_child_nodes(held):
        inner = f"{name}.{node.name}".lstrip(".") if isinstance(node, ast.FunctionDef | ast.ClassDef) else name
        if isinstance(node, ast.Call) and _asks(node):
            yield module, inner, node
        yield from _within(module, inner, node)


def _asks(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(attr="permitted" | "leads"):
            return True
        case ast.Name(id="permits" | "let_through" | "decided"):
            return True
        case _:
            return False


@contextmanager
def alive(mutant: Mutant) -> Iterator[None]:
    """The hub with the mutant in it, while the block lasts."""
    module = importlib.import_module(mutant.module)
    tree = _Changed(mutant).visit(ast.parse(Path(str(module.__file__)).read_text("utf-8")))
    code = compile(ast.fix_missing_locations(tree), str(module.__file__), "exec")
    found: Any = module
    for part in mutant.function.split("."):
        found = getattr(found, part)
    before = found.__code__
    module.__dict__["mutated"] = _MUTATED[mutant.how]
    found.__code__ = _code(code, mutant.function)
    try:
        yield
    finally:
        found.__code__ = before
        del module.__dict__["mutated"]


class _Changed(ast.NodeTransformer):
    """The call of a mutant, asked of `mutated` instead."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def visit_Call(self, node: ast.Call) -> ast.AST:  # as ast has it
        self.generic_visit(node)
        if (node.lineno, node.col_offset) != (self._mutant.line, self._mutant.column) or not _asks(node):
            return node
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id  # type: ignore[attr-defined]  # by _asks
        arguments = [node.func.value, *node.args] if isinstance(node.func, ast.Attribute) else node.args
        mutated = ast.Attribute(ast.Name("mutated", ast.Load()), name, ast.Load())
        return ast.Call(mutated, arguments, node.keywords)


def _code(held: types.CodeType, name: str) -> types.CodeType:
    """The code of the function of that qualified name."""
    return next(each for each in _codes(held) if each.co_qualname == name)


def _codes(held: types.CodeType) -> Iterator[types.CodeType]:
    for each in held.co_consts:
        if isinstance(each, types.CodeType):
            yield each
            yield from _codes(each)


def _every(shape: Any) -> list[int]:
    """Every row, whether or not it is known to hold."""
    return [place for number in range(1, len(tuple(release_shape.rows(shape))) + 1) for place in (number, -number)]


def _others(shape: Any) -> list[int]:
    return [place for place in _every(shape) if place not in release_shape.permits(shape)]


def _asking(let_through: Any) -> Any:
    """`rows.decided` that asks otherwise."""

    def decided(*given: Any) -> Any:
        function = types.FunctionType(rows.decided.__code__, rows.decided.__globals__ | {"let_through": let_through})
        return function(*given)

    return staticmethod(decided)


class _Dropped:
    permitted = staticmethod(lambda at: true())
    leads = staticmethod(lambda *_: true())
    permits = staticmethod(_every)
    let_through = staticmethod(lambda at, found: true())
    decided = _asking(let_through)


class _Negated:
    permitted = staticmethod(lambda at: not_(at.permitted()))
    leads = staticmethod(lambda across, *given: not_(across.leads(*given)))
    permits = staticmethod(_others)
    let_through = staticmethod(lambda at, found: not_(rows.let_through(at, found)))
    decided = _asking(let_through)


_MUTATED = {"dropped": _Dropped, "negated": _Negated}
