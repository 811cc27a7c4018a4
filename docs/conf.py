"""Sphinx builds the site from the pages as they stand in the repository: see `make docs`.

The source is the whole repository, so that README.md and docs/ have the same links here as on a
code host. The tables of contents are added here, for a code host would show them as text.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONTENTS = {
    "Begin": ["docs/tutorial"],
    "How to": ["docs/how-to/*"],
    "Reference": ["docs/reference/*"],
    "Explanation": ["docs/explanation/*", "docs/decisions/README"],
    "The project": [
        "docs/glossary",
        "CONTRIBUTING",
        "SECURITY",
        "RELEASE",
        "CHANGELOG",
        "findings/README",
    ],
}

with (ROOT / "pyproject.toml").open("rb") as recipe:
    release = tomllib.load(recipe)["project"]["version"]
project = "shopreco"
copyright = "The shopreco authors"

root_doc = "README"
include_patterns = ["*.md", "docs/**.md", "findings/README.md"]
exclude_patterns = [".*", "build", "demo_*", "devtools", "dist", "shopreco", "templates", "tests"]

extensions = ["myst_parser"]
myst_heading_anchors = 4
# Fragments of a class or a template are no whole programs, and are shown as they are.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = f"shopreco {release}"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False


def with_contents(pages: Iterable[str], caption: str) -> str:
    """A hidden table of contents: what the side bar shows."""
    options = f":hidden:\n:glob:\n:caption: {caption}\n"
    return "\n\n```{toctree}\n" + options + "\n" + "\n".join(pages) + "\n```\n"


def add_contents(app: Any, name: str, source: list[str]) -> None:
    if name == root_doc:
        source[0] += "".join(
            with_contents([f"/{page}" for page in pages], caption)
            for caption, pages in CONTENTS.items()
        )
    elif name == "docs/decisions/README":
        source[0] += with_contents(["[0-9]*"], "Decisions")


def name_the_front_page(app: Any, failure: Exception | None) -> None:
    if failure is None and app.builder.format == "html":
        folder = Path(app.outdir)
        shutil.copyfile(folder / "README.html", folder / "index.html")


def setup(app: Any) -> None:
    app.connect("source-read", add_contents)
    app.connect("build-finished", name_the_front_page)
