"""The drug of GetMedicationHistory in its five forms as a CodeableConcept. MAPPING 2.2.

Form and strength travel as extensions beside the codes, as written: `20 mg/12.5 mg` is no quantity.
"""

from collections.abc import Callable

from hub.fhir.resource import Resource
from hub.mappers._rivta_dose import number
from hub.mappers._rivta_types import concept, extension
from hub.mappers._tracked import Node

_ATC_OID = "1.2.752.129.2.2.3.1.1"
_NOT_ATC = {_ATC_OID: f"urn:oid:{_ATC_OID}"}
"""The same OID is printed for article numbers and NPL: only an ATC code is ATC."""
UNNAMED: Resource = {"text": "uppgift saknas"}


def medication(choice: Node) -> Resource:
    """The CodeableConcept of a drug; `uppgift saknas` where none of the five forms is given."""
    held = [name for name in _FORMS if choice.one(name)]
    for other in held[1:]:
        choice.one(other).refuse("a second form of the same drug")
    found = _FORMS[held[0]](choice.one(held[0])) if held else None
    return found or UNNAMED


def _article(node: Node) -> Resource | None:
    return concept(node.one("nplPackId"), _NOT_ATC)


def _product(node: Node) -> Resource | None:
    npl, atc = concept(node.one("nplId"), _NOT_ATC), concept(node.one("atcCode"))
    named: Resource = npl or atc or {}
    form = node.one("pharmaceuticalForm").value
    strength = f"{number(node.one('strength'))} {node.one('strengthUnit').value or ''}".strip()
    codings = [*(npl or {}).get("coding", []), *(atc or {}).get("coding", [])]
    return _concept(codings, named.get("text"), strength, form, form_first=True)


def _merchandise(node: Node) -> Resource | None:
    return concept(node.one("articleNumber"), _NOT_ATC)


def _generics(node: Node) -> Resource | None:
    strength = f"{number(node.one('strength', 'value'))} {node.one('strength', 'unit').value or ''}".strip()
    return _concept([], node.one("substance").value, strength, node.one("form").value)


def _unstructured(node: Node) -> Resource | None:
    said = node.one("unstructuredInformation").value
    return {"text": said} if said else None


def _concept(
    codings: list[Resource], name: str | None, strength: str, form: str | None, *, form_first: bool = False
) -> Resource | None:
    """Codes, form and strength as written, and the words a reader needs: what the name does not say already."""
    rest = (form, strength) if form_first else (strength, form)
    words = [name, *(word for word in rest if word and word.casefold() not in (name or "").casefold())]
    text = " ".join(word for word in words if word)
    extensions = [extension(url, "String", value) for url, value in (("drug-form", form), ("drug-strength", strength)) if value]
    if not codings and not text:
        return None
    return (
        ({"extension": extensions} if extensions else {})
        | ({"coding": codings} if codings else {})
        | ({"text": text} if text else {})
    )


_FORMS: dict[str, Callable[[Node], Resource | None]] = {
    "drug": _product,
    "drugArticle": _article,
    "merchandise": _merchandise,
    "generics": _generics,
    "unstructuredDrugInformation": _unstructured,
}
"""From the most exact on."""
