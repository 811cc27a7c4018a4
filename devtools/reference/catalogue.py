"""The page of catalogues and their declarations."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from devtools.reference.checks import checks_between
from devtools.reference.markdown import (
    dataclass_section,
    page,
    prose,
    python,
    signature,
    summary,
    table,
)
from shopreco import catalogues
from shopreco.catalogues import Catalogue, Field, ItemDocument, TextPart

HOOKS = (
    "get_queryset",
    "get_live_queryset",
    "is_indexable",
    "get_url",
    "get_picture",
    "get_facet_label",
    "get_value_label",
    "get_edges",
)


def catalogue_page() -> str:
    public = [getattr(catalogues, name) for name in catalogues.__all__]
    declarations = [each for each in public if inspect.isclass(each) and issubclass(each, Field)]
    abstract = {each for each in declarations if any(o.__base__ is each for o in declarations)}
    concrete = [each for each in declarations if each not in abstract or each.__name__ == "Text"]
    functions = [each for each in public if inspect.isfunction(each)]
    source = sys.modules[Field.__module__].__doc__ or ""
    rows = [
        (f"`{d.__name__}`", summary(d.__doc__ or ""), _weight(d), _yes(d.embedded), _yes(d.unique))
        for d in concrete
    ]
    hooks = [
        f"{python(signature(getattr(Catalogue, name)))}\n\n{prose(doc)}".strip()
        for name in HOOKS
        for doc in [getattr(Catalogue, name).__doc__ or ""]
    ]
    return page(
        "Catalogue",
        "A module `catalogues` of any installed app has one class per model. "
        "[How to describe your own model](../how-to/own-model.md) leads through it.",
        "```python\nfrom shopreco.catalogues import Catalogue, Filter, Price, Title, register\n```",
        "## Declarations",
        source.split("\n\n", 1)[1].strip(),
        table(("declaration", "what it is", "weight", "embedded", "at most one"), *rows),
        prose((Field.__doc__ or "").split("\n\n", 1)[1]),
        *_arguments(concrete),
        "## `Catalogue`",
        prose(Catalogue.__doc__ or ""),
        "`prepare_<name>(self, obj)` replaces the reading of the declaration `name`: it returns a "
        "value, a list of values, or None. `get_url` gives the page of an object, by default its "
        "`get_absolute_url()`. `reindex_on` names further relations whose changes re-index: paths "
        "as in `prefetch_related`; a star climbs a tree, `categories__parent*`. Those that the "
        "declarations follow are watched without being named.",
        *hooks,
        "## The registry",
        *(f"{python(signature(f))}\n\n{prose(f.__doc__ or '')}".strip() for f in functions),
        "## What a catalogue says of an object",
        *(dataclass_section(each) for each in (ItemDocument, TextPart)),
        "## System checks",
        "`python manage.py check`, and so `migrate` and `runserver`, reports:",
        checks_between("E007", "E019"),
    )


def _arguments(declarations: Iterable[type[Any]]) -> Iterator[str]:
    """Each signature once, above the declarations that have it."""
    by_signature: dict[str, list[str]] = {}
    for each in declarations:
        by_signature.setdefault(signature(each, "Declaration"), []).append(each.__name__)
    for shape, names in sorted(by_signature.items(), key=lambda item: -len(item[1])):
        yield f"Arguments of {', '.join(f'`{name}`' for name in names)}:"
        shown = shape.replace("Declaration", names[0]) if len(names) == 1 else shape
        yield f"```text\n{shown}\n```"


def _weight(declaration: type[Any]) -> str:
    return f"{declaration.weight:g}" if declaration.weight else ""


def _yes(value: bool) -> str:
    return "yes" if value else ""
