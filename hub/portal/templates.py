"""Pages from templates. The only door to Jinja2."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_FOLDER = Path(__file__).parent / "templates"
_environment = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


Drawn = Markup
"""Markup that is put into a page as it is."""


def page(name: str, **values: Any) -> str:
    """The template `name` with these values; a value that is missing is an error."""
    return _environment.get_template(f"{name}.html").render(**values)


def drawn(svg: str) -> Drawn:
    """What the chart module returned, to be put into a page as it is: all of its texts are escaped there."""
    return Drawn(svg)  # the one place where markup is trusted
