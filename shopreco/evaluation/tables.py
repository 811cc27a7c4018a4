"""Tables of figures for people, drawn by tabulate."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Draw columns aligned by blanks: the first to the left, figures to the right.

    Cells are printed as they are given.
    """
    from tabulate import tabulate

    drawn: str = tabulate(
        [header, *rows],  # as tabulate's own headers, columns would be two blanks wider
        tablefmt="plain",
        colalign=["left", *["right"] * (len(header) - 1)],
        disable_numparse=True,
        preserve_whitespace=True,
    )
    return "\n".join(line.rstrip() for line in drawn.splitlines())
