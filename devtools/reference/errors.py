"""The page of errors: their tree, with codes and meanings."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from devtools.reference.markdown import page, summary
from shopreco import encoders, exceptions
from shopreco.exceptions import ShopRecoError

DOCUMENTED = (exceptions, sys.modules[encoders.EncoderError.__module__])


def errors_page() -> str:
    meanings = meanings_of_errors()

    def branch(kind: type[ShopRecoError], depth: int = 0) -> Iterator[str]:
        meaning = meanings.get(kind.__name__) or summary(kind.__doc__ or "").partition(".")[0]
        yield f"{'  ' * depth}- `{kind.__name__}` (`{kind.code}`) {meaning}".rstrip()
        for each in sorted(kind.__subclasses__(), key=lambda kind: kind.__name__):
            if each.__module__ in {module.__name__ for module in DOCUMENTED}:
                yield from branch(each, depth + 1)

    return page(
        "Errors",
        "One tree. Messages name the object, the cause and the fix, and are for people; `code`, in "
        "brackets, is for programs and does not change.",
        "```python\nfrom shopreco.exceptions import ShopRecoError\n"
        "from shopreco.encoders import EncoderError\n```",
        "\n".join(branch(ShopRecoError)),
        "`search()` and `recommend()` raise `InvalidQuery` for what the caller asked, and "
        "`ConfigurationError` for a catalogue that does not exist; whatever else fails costs a "
        "stage, which `ResultPage.degraded` names. The [API](api.md#errors) answers 400 with the "
        "code of an `InvalidQuery`.",
    )


def meanings_of_errors() -> dict[str, str]:
    """By name, as the trees in the docstrings of their modules say."""
    trees = "\n".join(module.__doc__ or "" for module in DOCUMENTED)
    return dict(re.findall(r"─ (\w+) +(\S.*)", trees))
