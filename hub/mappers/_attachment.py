"""Documents inside messages: base64 and media type in, Attachment and Binary out. A document is never a narrative."""

import base64
from dataclasses import dataclass

OCTETS = "application/octet-stream"

_MAGIC = {
    "application/pdf": (b"%PDF-",),
    "application/msword": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/tiff": (b"II*\0", b"MM\0*"),
    "text/rtf": (b"{\\rtf",),
}
"""How a file of that type begins."""


@dataclass(frozen=True, slots=True)
class Document:
    """What was sent, and the type it may be shown as."""

    data: str
    """Base64, without line breaks."""
    size: int
    media_type: str
    is_as_declared: bool
    text: str | None = None
    """Its words, where it is plain text."""


def document(declared: str, encoded: str) -> Document:
    """Decode a document and look whether it is what it says; if it is not, it goes as bytes of no known type.

    Raises: ValueError: not base64.
    """
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except ValueError:
        raise ValueError("not base64") from None
    kind = declared.split(";")[0].strip().lower()
    fits = _fits(kind, content)
    return Document(
        data=base64.b64encode(content).decode("ascii"),
        size=len(content),
        media_type=kind if fits and kind else OCTETS,
        is_as_declared=fits,
        text=content.decode("utf-8") if kind == "text/plain" and fits else None,
    )


def _fits(kind: str, content: bytes) -> bool:
    if kind in _MAGIC:
        return content.startswith(_MAGIC[kind])
    if kind == "application/dicom":
        return content[128:132] == b"DICM"
    if not kind.startswith("text/"):
        return True
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False
