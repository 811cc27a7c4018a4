"""Codes that look and check like a shop's, and collide with nobody's."""

from __future__ import annotations

import re


def check_digit(digits: str) -> str:
    """The EAN-13 check digit of twelve digits (GS1 General Specifications, 7.9)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return str(-total % 10)


def ean13(number: int) -> str:
    """A valid EAN-13 in the range 20-29, which GS1 leaves to each shop's own use."""
    # The multiplier is coprime with 10**10: different numbers stay different, and look random.
    digits = f"20{number * 7_368_787_1 % 10**10:010d}"
    return digits + check_digit(digits)


def slugify(text: str) -> str:
    """Lower-case ASCII words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("'", "")).strip("-")
