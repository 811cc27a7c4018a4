"""Markdown from docstrings, signatures and rows."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

SECTIONS = {"Args": "Arguments", "Raises": "Errors", "Returns": "Returns"}
SIGNATURE_WIDTH = 92


def page(title: str, *parts: str) -> str:
    origin = "<!-- Made from the code by `python docs/generate.py`; edit the code instead. -->"
    return "\n\n".join([f"# {title}", origin, *filter(None, parts)]) + "\n"


def prose(text: str, options: Collection[str] = ()) -> str:
    """A docstring as Markdown: `Args:`, `Raises:` and lines about one of `options` become lists.

    Options are settings, so they are shown in capitals.
    """
    out: list[str] = []
    listing = False
    for line in inspect.cleandoc(text).splitlines():
        heading = SECTIONS.get(line.removesuffix(":"))
        item = re.fullmatch(r"( {4})?([\w, ]+): (.*)", line)
        names = [name.strip() for name in item[2].split(",")] if item else []
        if heading:
            out += [f"{heading}:", ""]
            listing = True
        elif item and (all(name in options for name in names) or (listing and item[1])):
            shown = (name.upper() if name in options else name for name in names)
            out.append(f"- {', '.join(f'`{name}`' for name in shown)}: {item[3]}")
            listing = True
        else:
            listing = listing and (not line or line.startswith("    "))
            out.append(f"  {line.strip()}" if listing and line else line)
    return "\n".join(out).strip()


def summary(text: str) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(inspect.cleandoc(text).split("\n\n")[0].split())


def signature(function: Callable[..., Any], name: str = "") -> str:
    """`def name(a: int = 1) -> str: ...`, one parameter a line where it is long."""
    found = inspect.signature(function)
    parameters: list[str] = []
    star = False
    for parameter in found.parameters.values():
        if parameter.name in {"self", "cls"}:
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            parameters.append("*")
            star = True
        parameters.append(_parameter(parameter))
    result = found.return_annotation
    start, end = f"{name or function.__name__}(", ")"
    if not inspect.isclass(function):
        start, end = f"def {start}", f") -> {result}: ..."
    line = start + ", ".join(parameters) + end
    if len(line) <= SIGNATURE_WIDTH:
        return line
    return "\n".join([start, *(f"    {each}," for each in parameters), end])


def _parameter(parameter: inspect.Parameter) -> str:
    text = parameter.name
    if parameter.annotation is not parameter.empty:
        text += f": {_annotation(parameter.annotation)}"
    if parameter.default is not parameter.empty:
        text += f" = {literal(parameter.default)}"
    return text


def _annotation(annotation: object) -> str:
    """Annotations are texts, but for those that `NamedTuple` wraps."""
    return str(getattr(annotation, "__forward_arg__", annotation))


def literal(value: object) -> str:
    if isinstance(value, Enum):
        value = value.value
    return repr(value).replace("'", '"')


def table(*rows: Sequence[object]) -> str:
    """A Markdown table; the first row is its head."""
    head, *body = (
        [str(cell).replace("\n", " ").replace("|", "\\|") for cell in row] for row in rows
    )
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def python(text: str) -> str:
    return f"```python\n{text}\n```"


def dataclass_section(kind: type[Any]) -> str:
    if is_dataclass(kind):
        attributes = [(field.name, str(field.type)) for field in fields(kind)]
    else:
        hints = inspect.get_annotations(kind)
        attributes = [(name, _annotation(hint)) for name, hint in hints.items()]
    rows = [(f"`{name}`", f"`{hint}`") for name, hint in attributes]
    for name, value in vars(kind).items():
        if isinstance(value, property):
            hint = inspect.signature(value.fget).return_annotation if value.fget else ""
            rows.append((f"`{name}`", f"`{hint}`"))
    doc = kind.__doc__ or ""
    text = "" if doc.startswith(f"{kind.__name__}(") else prose(doc)
    return "\n\n".join(
        filter(None, [f"### `{kind.__name__}`", text, table(("attribute", "type"), *rows)])
    )
