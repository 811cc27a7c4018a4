"""Split a cell that has several values, except at commas that are part of a value."""

from __future__ import annotations

import re
from collections.abc import Iterable

from demo_catalogue.feeds.texts import text, unescaped

_BEFORE_AN_ADDRESS = re.compile(r"[\s,;|]{1,20}(?=https?://)", re.IGNORECASE)
_BEHIND_A_PICTURE = re.compile(
    r"(\.(?:jpe?g|png|gif|webp|avif|bmp|tiff?))\s*[,;]\s*", re.IGNORECASE
)
_DETAIL = re.compile(r"[^,:]*:[^,:]+:")
_BEFORE_A_DETAIL = re.compile(r",(?=[^,:]*:[^,:]+:)")
_BEFORE_A_PAIR = re.compile(r",(?=[^,:]+:)")
_BETWEEN_PATHS = re.compile(r"(>[^|>,]*(?:,[^|>,]*)*?),(?=[^,>|]+>)")
_NUMBERS = re.compile(r"[,;|/]+")
_WEB = re.compile(r"https?://", re.IGNORECASE)


def pictures(values: Iterable[object]) -> list[str]:
    """Paths and addresses. "…/w_400,h_400/lamp.jpg" is one: a comma separates addresses only."""
    found: list[str] = []
    for value in values:
        for address in _BEFORE_AN_ADDRESS.split(unescaped(text(value))):
            if _WEB.match(address):
                found.append(address.strip(" ,;|"))
            else:
                paths = _BEHIND_A_PICTURE.sub(r"\1|", address)
                found += [path.strip() for path in paths.split("|")]
    return [each for each in dict.fromkeys(found) if each]


def paths(values: Iterable[object], *, in_table: bool) -> list[str]:
    """Category paths as written. In a table's cell a comma separates paths of two levels or more:
    "Home > Lamps, Sale > Lamps"; that of "Food, Beverages & Tobacco > Snacks" does not."""
    found: list[str] = []
    for value in values:
        for written in unescaped(text(value)).split("|"):
            found += _BETWEEN_PATHS.sub(r"\1|", written).split("|") if in_table else [written]
    return [each.strip() for each in found if each.strip()]


def details(values: Iterable[object]) -> dict[str, str]:
    """Names and values of "General:Material:Oak,General:Finish:Oiled"; the section is left out,
    and need not be there: "Material:Oak,Finish:Oiled"."""
    found: dict[str, str] = {}
    for value in values:
        written = unescaped(text(value))
        sections = _DETAIL.match(written) is not None
        between = _BEFORE_A_DETAIL if sections else _BEFORE_A_PAIR
        for part in between.split(written):
            _section, _, pair = part.partition(":") if sections else ("", "", part)
            name, _, said = pair.partition(":")
            if name.strip() and said.strip():
                found.setdefault(name.strip(), said.strip())
    return found


def numbers(values: Iterable[object]) -> list[str]:
    """GTINs, each as digits; a spreadsheet's `="0036…"` and Shopify's `'0036…` are the number."""
    found: list[str] = []
    for value in values:
        for part in _NUMBERS.split(unescaped(text(value)).strip("=\"' ")):
            words = part.strip("=\"' ").split()
            if len(words) > 1 and not all(re.fullmatch(r"\d{8}|\d{12,14}", each) for each in words):
                words = [" ".join(words)]
            found += [_digits(each) for each in words]
    return [each for each in dict.fromkeys(found) if each]


def _digits(number: str) -> str:
    digits = re.sub(r"[\s\-‐‑–]", "", number)
    return digits.upper() if re.fullmatch(r"\d+[xX]?", digits) else number.strip()
