"""Whether a resource is FHIR R4: structure, types, cardinality, required codes. The only door to fhir.resources.

The R4B models judge and are left behind. What they let pass is checked here first: empty and unprintable strings, values
of the wrong JSON type, ids, required codes, references, and where R4B is not R4 4.0.1.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any, get_args

from hub.errors import Issue
from hub.fhir.parameters.date import span
from hub.fhir.r4 import REQUIRED, RESOURCES
from hub.fhir.resource import Resource

_OTHERWISE = frozenset(("Evidence", "EvidenceVariable", "MedicationKnowledge"))
"""Resource types that R4B has otherwise than R4: its models cannot judge them."""
_NOT_R4_ELEMENTS = frozenset(("valueRatioRange", "valueCodeableReference"))
_SUBJECTS = frozenset(("Patient", "Group", "Device", "Location"))
_R4_TARGETS = {"Observation.subject": _SUBJECTS, "DiagnosticReport.subject": _SUBJECTS}
"""Where R4B allows more targets than R4."""

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_LOCAL = re.compile(r"(?P<type>[A-Z][A-Za-z]+)(?:/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?|\?\S+)")
_URL = re.compile(r"[a-z][a-z0-9+.-]*:[^\s:]\S*", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def validate(resource: Any) -> list[Issue]:
    """Everything that is wrong with a resource, as far as structure and required bindings go; empty: nothing.

    Gives: issues of severity error whose place is a FHIRPath (`Observation.component[0].code`). They hold no values.
    """
    name = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(name, str) or not _known(name):
        return [_error("resourceType", "not a resource type of FHIR R4 that the hub can judge", "structure")]
    found = list(_walk(resource, _model(name), name, _contained(resource)))
    if any(issue.code == "structure" for issue in found):
        return found  # the models stumble over what has no structure
    places = {issue.place for issue in found}
    return found + [issue for issue in _judged(resource, name) if issue.place not in places]


def _error(place: str, problem: str, code: str = "value") -> Issue:
    return Issue(place, problem, "error", code)


def _contained(resource: Resource) -> frozenset[str]:
    held = resource.get("contained")
    found = (each.get("id") for each in held if isinstance(each, dict)) if isinstance(held, list) else ()
    return frozenset(each for each in found if isinstance(each, str))


@dataclass(frozen=True, slots=True)
class _Field:
    """What a model says of one element: its R4 name, its Python type, the model of what is inside."""

    name: str
    kind: Any
    many: bool
    targets: frozenset[str]


def _walk(element: Resource, model: Any, place: str, contained: frozenset[str]) -> Iterator[Issue]:
    if not element.keys() - {"resourceType"}:
        yield _error(place, "an element must hold something", "structure")
    fields = _fields(model)
    for written, value in element.items():
        field = fields.get(written.removeprefix("_"))
        if written == "resourceType" or field is None:
            continue  # an unknown name is the models' to refuse
        here = f"{place}.{field.name}"
        if written in _NOT_R4_ELEMENTS:
            yield _error(here, "is not in R4", "structure")
        elif written.startswith("_"):
            yield from _extensions(value, element.get(written[1:]), here, field.many, contained)
        elif field.many:
            yield from _list(value, element.get(f"_{written}"), model, field, here, contained)
        else:
            yield from _value(value, model, field, here, contained)


def _list(value: Any, beside: Any, model: Any, field: _Field, place: str, contained: frozenset[str]) -> Iterator[Issue]:
    if not isinstance(value, list):
        yield _error(place, "must be a list", "structure")
        return
    if not value:
        yield _error(place, "a list must not be empty", "structure")
    for number, each in enumerate(value):
        if each is None and isinstance(beside, list) and number < len(beside) and beside[number] is not None:
            continue  # a primitive with nothing but extensions
        yield from _value(each, model, field, f"{place}[{number}]", contained)


def _extensions(value: Any, beside: Any, place: str, many: bool, contained: frozenset[str]) -> Iterator[Issue]:
    each = value if many and isinstance(value, list) else [value]
    for number, held in enumerate(each):
        if isinstance(held, dict):
            yield from _walk(held, _model("Element"), f"{place}[{number}]" if many else place, contained)
        elif not (held is None and many and isinstance(beside, list) and number < len(beside)):
            yield _error(place, "must be an object", "structure")


def _value(value: Any, model: Any, field: _Field, place: str, contained: frozenset[str]) -> Iterator[Issue]:
    if hasattr(field.kind, "get_model_klass"):
        yield from _complex(value, field, place, contained)
        return
    kind = field.kind if field.kind in _IS else str  # time, url, uuid
    if value is None or not _IS[kind](value):
        yield _error(place, f"must be {_NAMES[kind]}", "structure")
    elif isinstance(value, str):
        yield from _string(value, f"{model.__name__}.{place.rsplit('.', 1)[1].split('[')[0]}", place)


def _complex(value: Any, field: _Field, place: str, contained: frozenset[str]) -> Iterator[Issue]:
    if not isinstance(value, dict):
        yield _error(place, "must be an object", "structure")
        return
    name = field.kind.__name__.removesuffix("Type")
    if name == "Resource":
        name = value.get("resourceType")
        if not isinstance(name, str) or not _known(name):
            yield _error(place, "not a resource type of FHIR R4 that the hub can judge", "structure")
            return
    if name == "Reference":
        yield from _reference(value, field.targets, place, contained)
    yield from _walk(value, _model(name), place, contained)


def _string(value: str, element: str, place: str) -> Iterator[Issue]:
    if not value.strip():
        yield _error(place, "must not be empty")
    elif _UNPRINTABLE.search(value):
        yield _error(place, "holds a control character")
    elif element in REQUIRED and value not in REQUIRED[element]:
        yield _error(place, "is not one of the codes that may stand here", "code-invalid")
    elif element.endswith(".id") and element[:-3] in RESOURCES and not _ID.fullmatch(value):
        yield _error(place, "an id has 1 to 64 letters, digits, - and .")


def _reference(value: Resource, targets: frozenset[str], place: str, contained: frozenset[str]) -> Iterator[Issue]:
    written = value.get("reference")
    if not isinstance(written, str):
        return
    local = _LOCAL.fullmatch(written)
    if written.startswith("#"):
        if len(written) > 1 and written[1:] not in contained:
            yield _error(f"{place}.reference", "points at nothing that is contained")
    elif local and local["type"] not in RESOURCES:
        yield _error(f"{place}.reference", "not a resource type of FHIR R4")
    elif local and targets and "Resource" not in targets and local["type"] not in targets:
        yield _error(f"{place}.reference", "may not point at this resource type")
    elif not local and not _URL.fullmatch(written):
        yield _error(f"{place}.reference", "neither Type/id nor an absolute URL")


def _is_base64(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(b64decode("".join(value.split()), validate=True) or not value)
    except NotBase64:
        return False


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(span(value))
    except ValueError:
        return False


_IS: Mapping[Any, Callable[[Any], bool]] = {
    bool: lambda value: isinstance(value, bool),
    int: lambda value: isinstance(value, int) and not isinstance(value, bool),
    Decimal: lambda value: isinstance(value, (int, Decimal)) and not isinstance(value, bool),
    bytes: _is_base64,
    date: _is_time,
    datetime: _is_time,
    str: lambda value: isinstance(value, str),
}
_NAMES = {
    bool: "true or false",
    int: "a whole number",
    Decimal: "a number",
    bytes: "base64 in a string",
    date: "a date",
    datetime: "a date or time",
    str: "a string",
}


@cache
def _known(name: str) -> bool:
    """Whether it is a resource type of R4 that a model can judge."""
    from fhir.resources.R4B import fhirtypes  # the models cost seconds: each is imported when first needed

    return name in RESOURCES - _OTHERWISE and hasattr(fhirtypes, f"{name}Type")


@cache
def _model(name: str) -> Any:
    from fhir.resources.R4B import get_fhir_model_class

    return get_fhir_model_class(name)


@cache
def _fields(model: Any) -> Mapping[str, _Field]:
    return MappingProxyType(
        {
            field.alias: _field(model, field)
            for name, field in model.model_fields.items()
            if not name.endswith("__ext") and name not in ("resource_type", "fhir_comments")
        }
    )


def _field(model: Any, field: Any) -> _Field:
    extra = field.json_schema_extra or {}
    kind, many = _bare(field.annotation)
    name = extra.get("one_of_many") or field.alias
    targets = _R4_TARGETS.get(f"{model.__name__}.{name}") or frozenset(extra.get("enum_reference_types") or ())
    return _Field(name, kind, many, targets)


def _bare(annotation: Any) -> tuple[Any, bool]:
    """The type inside Optional, List and Annotated, and whether there was a List."""
    many = False
    while get_args(annotation):
        many = many or getattr(annotation, "__origin__", None) is list
        annotation = next(each for each in get_args(annotation) if each is not type(None))
    return annotation, many


def _judged(resource: Resource, name: str) -> Iterator[Issue]:
    from pydantic import ValidationError

    try:
        _model(name).model_validate(resource)
    except ValidationError as fault:
        for each in fault.errors(include_url=False, include_input=False, include_context=False):
            if each["loc"][-1:] != ("valueMeta",):  # in R4, not in R4B
                yield _error(_place(name, each["loc"]), *_said(each["type"]))


def _place(name: str, location: tuple[int | str, ...]) -> str:
    """The FHIRPath of what a model names by its own path."""
    model, written = _model(name), name
    for step in location:
        if isinstance(step, int):
            written += f"[{step}]"
            continue
        field = _fields(model).get(step.removeprefix("_").removesuffix("__ext")) if model else None
        written += f".{field.name if field else step}"
        model = field.kind.get_model_klass() if field and hasattr(field.kind, "get_model_klass") else None
    return written


def _said(kind: str) -> tuple[str, str]:
    """Problem and issue type of one kind of model error, in our words: theirs may quote the value."""
    if kind.endswith("missing"):
        return "is required", "required"
    if kind == "extra_forbidden":
        return "is not an element of this type", "structure"
    if kind == "value_error":
        return "is not in the form of its type, or a choice of types is not made exactly once", "value"
    return "is not in the form of its type", "value"
