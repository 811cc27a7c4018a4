"""Change lists: rows prepared a page at a time, columns searched by index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.db.models import F, Func, Value
from django.http import HttpRequest


def prepared(base: type[ChangeList], prepare: Callable[[list[Any]], None]) -> type[ChangeList]:
    """A change list of the same kind that hands the rows of its page to `prepare`."""

    class Prepared(base):  # type: ignore[valid-type, misc]  # the host's own class
        def get_results(self, request: HttpRequest) -> None:
            super().get_results(request)
            # Iterating fills the queryset's cache: the templates see the same instances.
            prepare(list(self.result_list))

    return Prepared


def contains(column: str, text: str) -> Func:
    """ILIKE on the bare column, which its trigram index serves; `icontains` asks for UPPER()."""
    literal = text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return Func(
        F(column),
        Value(f"%{literal}%"),
        template="(%(expressions)s)",
        arg_joiner=" ILIKE ",
        output_field=models.BooleanField(),
    )
