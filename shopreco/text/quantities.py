"""Numbers, units and dimensions as shops write them: `1-1/2 in.`, `120-Volt`, `2x4`, `#8`."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

# Each line: the normal form, then its other spellings.
_SPELLINGS = """
in inch inches zoll pouce pouces pulgada pulgadas
ft foot feet
yd yds yard yards
mi mile miles
mm millimeter millimeters millimetre millimetres мм
cm centimeter centimeters centimetre centimetres см
m meter meters metre metres metro metros м
km kilometer kilometers kilometre kilometres км
oz ounce ounces
lb lbs pound pounds
g gr gram grams gramm gramme grammes gramo gramos г
kg kgs kilo kilos kilogram kilograms кг
gal gals gallon gallons
qt qts quart quarts
pt pint pints
l ltr liter liters litre litres litro litros litri л
ml milliliter milliliters millilitre millilitres мл
v volt volts вольт
w watt watts вт
kw kilowatt kilowatts квт
a amp amps ampere amperes
ah
mah
wh
hz hertz
mhz
ghz
kb
mb
gb гб
tb
hp horsepower
btu btus
rpm
psi
cfm
gpm
mp megapixel megapixels
lm lumen lumens
awg
ga gauge gage
deg degree degrees
k kelvin
pk pack packs
pc pcs piece pieces
ct count
hr hrs hour hours
min minute minutes
yr yrs year years
""".strip()

UNITS = {spelling: line.split()[0] for line in _SPELLINGS.splitlines() for spelling in line.split()}
"""Normal form by spelling."""

_MARKS = {"'": "ft", '"': "in", "''": "in"}

NUMBER = r"(?:\d+[ -]\d{1,2}/\d{1,3}(?![\d/])|\d{1,3}/\d{1,3}(?![\d/])|\d+(?:[.,]\d+)*|\.\d+)"

_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))

QUANTITY = (
    rf"(?P<hash>\#)?(?P<number>(?<![\w.]){NUMBER})"
    r"(?:(?:[ -]?(?P<power>sq|cu|fl|square|cubic|fluid)\b\.?)?"
    rf"(?:[ -]?(?P<unit>{_UNIT})(?P<exponent>[23])?\b\.?)|\s?(?P<mark>''|[\"']))?"
    r"(?P<by>\s*(?:x|\*|by)\s+(?=[\d.]))?"
)
"""A number, its unit (12 sq. ft., 20 m2, 5') and whether another dimension follows (x, by)."""

_GLUED_BY = re.compile(
    r"(?<=[\d'\"])((?:[ -]?(?:in|inch|inches|ft|foot|feet|mm|cm|m|yds?)\b\.?)?)\s*[x*]\s*(?=\.?\d)"
)
_CYRILLIC_BY = re.compile(r"(?<=\d)(\s*)х(?=\s*\d)")
_SPACED_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3}) 000(?: (000))?(?![\d.,])")
_MIXED = re.compile(r"(?:(\d+)[ -])?(\d+)/(\d+)")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_GROUPED_BY_POINTS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?")

DECIMAL_POINT = frozenset({"", "en", "ga", "he", "hi", "ja", "ko", "ne", "ta", "th", "zh"})
"""Languages that write 1.5; all others write 1,5, and 1.000 for a thousand."""
GROUPS_BY_SPACES = frozenset({"cs", "et", "fi", "fr", "hu", "hy", "lt", "no", "pl", "ru", "sv"})
"""Languages that write 10 000."""


def separate_dimensions(text: str) -> str:
    """`2x4`, `24"x36"` and `2in.x4in.` with spaces around the x, which may be Cyrillic."""
    if "х" in text:
        text = _CYRILLIC_BY.sub(r"\1x", text)
    return _GLUED_BY.sub(r"\1 x ", text) if "x" in text or "*" in text else text


def join_thousands(text: str) -> str:
    """`10 000` as one number."""
    return _SPACED_THOUSANDS.sub(r"\g<1>000\2", text) if " 000" in text else text


@lru_cache(maxsize=65_536)
def other_reading(written: str, language: str) -> str:
    """The value of a number that may be a thousand, though the language writes decimals so: 1.000
    and 2.500 in an English text, but not 1.125. Empty for all others."""
    doubtful = language in DECIMAL_POINT and written.endswith("0")
    if doubtful and "," not in written and _GROUPED_BY_POINTS.fullmatch(written):
        return written.replace(".", "")
    return ""


@lru_cache(maxsize=65_536)
def read_number(written: str, language: str = "en") -> tuple[str, tuple[str, ...]]:
    """The value as one normal form, and its parts: the whole and the fraction.

    `1-1/2`, `1 1/2`, `1.5` and `1,5` are all ("1.5", ("1", "0.5")): shoppers round, so a search
    for 24 must find 24.7. `1,000` is 1000 in English, `1.000` in German. `12/3` is no fraction but
    two numbers.
    """
    if mixed := _MIXED.fullmatch(written):
        whole, numerator, denominator = mixed.groups()
        if 0 < int(numerator) < int(denominator):
            fraction = Fraction(int(numerator), int(denominator))
            if not whole:
                return _decimal(fraction), (_decimal(fraction),)
            # As text: a number of hundreds of digits is none that a computer calculates with.
            return _plain(whole) + _decimal(fraction)[1:], (_plain(whole), _decimal(fraction))
        parts = tuple(_plain(part) for part in (whole, numerator, denominator) if part)
        return "/".join(parts), parts
    if language in DECIMAL_POINT:
        if _GROUPED.fullmatch(written):
            written = written.replace(",", "")
    elif _GROUPED_BY_POINTS.fullmatch(written):
        written = written.replace(".", "")
    written = written.replace(",", ".")
    whole, *fractions = written.split(".")
    if len(fractions) > 1:  # a version or a date
        return written, (written,)
    fraction_digits = "".join(fractions).rstrip("0")
    if not fraction_digits:
        return _plain(whole), (_plain(whole),)
    fraction_part = f"0.{fraction_digits}"
    if not whole.strip("0"):
        return fraction_part, (fraction_part,)
    return f"{_plain(whole)}.{fraction_digits}", (_plain(whole), fraction_part)


def read_unit(quantity: re.Match[str]) -> tuple[str, ...]:
    """Normal form of the unit, after `sq` or `cu` where there is one: ("sq", "ft"), ("gal",)."""
    if mark := quantity["mark"]:
        return (_MARKS[mark],)
    if not (unit := quantity["unit"]):
        return ()
    power = {"2": "sq", "3": "cu"}.get(quantity["exponent"] or "", (quantity["power"] or "")[:2])
    return (power, UNITS[unit]) if power else (UNITS[unit],)


def _plain(digits: str) -> str:
    return digits.lstrip("0") or "0"


def _decimal(value: Fraction) -> str:
    return f"{float(value):.4f}".rstrip("0").rstrip(".")
