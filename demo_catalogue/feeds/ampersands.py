"""Ampersands that XML does not allow, as shops write them: `Salt & pepper`, `caf&eacute;`."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from html.entities import html5
from typing import BinaryIO

_CHUNK = 64 * 1024
_MAX_REFERENCE_BYTES = 40
"""Bytes that a reference or the mark of a CDATA section may be cut in."""
_REFERENCE = re.compile(rb"&(?:(#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);)?")
_SECTION = re.compile(rb"(<!\[CDATA\[|\]\]>)")
_MAY_BE_CUT = re.compile(rb"[&<\]]")
_OF_XML = {b"amp", b"lt", b"gt", b"quot", b"apos"}
_TWO_BYTES = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def escaped(stream: BinaryIO) -> Iterator[bytes]:
    """The stream in pieces, with names of HTML as numbers and other ampersands escaped, outside
    CDATA sections. What is written in UTF-16 comes as it is."""
    held, inside = b"", False
    as_it_is: bool | None = None
    while chunk := stream.read(_CHUNK):
        if as_it_is is None:
            as_it_is = chunk.startswith(_TWO_BYTES)
        if as_it_is:
            yield chunk
            continue
        text = held + chunk
        doubtful = _MAY_BE_CUT.search(text, max(len(text) - _MAX_REFERENCE_BYTES, 0))
        cut = doubtful.start() if doubtful else len(text)
        piece, inside = _escape(text[:cut], inside=inside)
        held = text[cut:]
        yield piece
    if held:
        yield _escape(held, inside=inside)[0]


def _escape(text: bytes, *, inside: bool) -> tuple[bytes, bool]:
    pieces = _SECTION.split(text)
    for n, piece in enumerate(pieces):
        if n % 2:
            inside = piece != b"]]>"
        elif not inside:
            pieces[n] = _REFERENCE.sub(_reference, piece)
    return b"".join(pieces), inside


def _reference(match: re.Match[bytes]) -> bytes:
    name = match[1] or b""
    if name.startswith(b"#") or name in _OF_XML:
        return match[0]
    meant = html5.get(f"{name.decode('ascii')};", "") if name else ""
    return "".join(f"&#{ord(c)};" for c in meant).encode() or b"&amp;" + match[0][1:]
