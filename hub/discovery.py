"""Plug-ins: what lies in a package's folder is in the house."""

import importlib
import pkgutil
from typing import TypeVar

T = TypeVar("T")


def plugins(package: str, kind: type[T]) -> tuple[T, ...]:
    """Every constant of type `kind` in the modules of `package` whose names do not begin with `_`, in order of module name."""
    root = importlib.import_module(package)
    found: list[T] = []
    for module in sorted(pkgutil.iter_modules(root.__path__), key=lambda m: m.name):
        if not module.name.startswith("_"):
            held = vars(importlib.import_module(f"{package}.{module.name}"))
            found += [value for value in held.values() if isinstance(value, kind) and value not in found]
    return tuple(found)
