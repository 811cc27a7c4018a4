"""The page of services."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from devtools.reference.markdown import (
    dataclass_section,
    literal,
    page,
    prose,
    python,
    signature,
    table,
)
from shopreco import services


def services_page() -> str:
    public = {name: getattr(services, name) for name in services.__all__}
    functions = {name: each for name, each in public.items() if inspect.isfunction(each)}
    classes = {name: each for name, each in public.items() if inspect.isclass(each)}
    constants = [
        (f"`{name}`", f"`{literal(value)}`")
        for name, value in public.items()
        if name not in functions and name not in classes
    ]
    return page(
        "Services",
        "All that views, template tags and scripts of a shop call. They wait for the database: in "
        "async code `await sync_to_async(search)(…)`, from asgiref.",
        "```python\nfrom shopreco.services import search\n```",
        "## Functions",
        *(
            f"### `{name}`\n\n{python(signature(each))}\n\n{prose(each.__doc__ or '')}".strip()
            for name, each in sorted(functions.items(), key=lambda pair: _place(pair[1]))
        ),
        "## Results",
        "Dataclasses, to be read and not changed.",
        *(dataclass_section(each) for each in classes.values()),
        "## Constants",
        table(("name", "value"), *constants),
    )


def _place(function: Callable[..., Any]) -> tuple[str, int]:
    """By module, as it stands there."""
    found = inspect.unwrap(function)
    return found.__module__, found.__code__.co_firstlineno
