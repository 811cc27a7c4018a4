"""The page of all that may be imported."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from devtools.reference.errors import meanings_of_errors
from devtools.reference.markdown import page, summary, table

ROOT = Path(__file__).resolve().parent.parent.parent

PUBLIC: dict[str, tuple[str, tuple[str, ...]]] = {
    "shopreco.services": ("What views, tasks and scripts call: see [services](services.md).", ()),
    "shopreco.catalogues": ("What a catalogue is made of: see [catalogue](catalogue.md).", ()),
    "shopreco.exceptions": ("What is raised: see [errors](errors.md).", ()),
    "shopreco.encoders": ("The contract of encoders, and ours.", ()),
    "shopreco.admin": ("Pages for a site of your own, a mixin for your own admin, and tabs.", ()),
    "shopreco.tasks": ("The entries of beat.", ("beat_schedule",)),
    "shopreco.conf": (
        "The settings as they are now, and those of your app: see [settings](settings.md).",
        ("get_settings", "BaseSettings", "option", "register_settings", "get_app_settings"),
    ),
    "shopreco.registries": ("What apps add by name.", ("Registry",)),
    "shopreco.text": ("How a text is cut into words.", ("get_analyser",)),
    "shopreco.middleware": ("For `MIDDLEWARE`.", ("PersonalPages",)),
    "shopreco.api.urls": ("For `include()`: see [HTTP API](api.md).", ("urlpatterns",)),
    "shopreco.retrieval.base": (
        "The contract of retrievers, and their registry: see [extend](../how-to/extend.md).",
        ("Anchor", "Candidates", "Context", "Retriever", "RETRIEVERS", "Why", "nothing"),
    ),
    "shopreco.db.statements": ("What a retriever reads with.", ("read_cursor",)),
    "shopreco.ranking": ("The contract of rankers, and ours.", ()),
    "shopreco.spaces.stores.base": ("The contract of vector stores.", ()),
    "shopreco.answers.frame": (
        "The frame of answers.",
        ("AnswerContext", "Stage", "Stages"),
    ),
    "shopreco.answers.search": (
        "The stages of searches, and of lists without a query.",
        ("SEARCH_STAGES", "LIST_STAGES"),
    ),
    "shopreco.answers.recommend": ("The stages of blocks.", ("BLOCK_STAGES",)),
    "shopreco.stages": ("The names of stages.", ("StageName",)),
    "shopreco.runs.base": ("The contract of kinds of runs.", ("RunKind", "StepOutcome")),
    "shopreco.runs.registry": ("The registry of kinds of runs.", ("run_kinds",)),
    "shopreco.runs.slices": ("What a step of a run works with.", ("TimeSlice", "row")),
    "shopreco.runs.engine": ("Start a run.", ("start", "hand_over")),
    "shopreco.evaluation.base": (
        "The contract of subjects of evaluation.",
        ("Argument", "json_argument", "Options", "Services", "Subject", "SubjectReport"),
    ),
    "shopreco.evaluation.subjects": ("The registry of subjects.", ("SUBJECTS",)),
    "shopreco.evaluation.scratch.database": (
        "Where a subject measures.",
        ("ScratchDatabase",),
    ),
    "shopreco.beats": ("The registry of beats.", ("beats",)),
}
"""What may be imported: a sentence on each module, and its names where they are not `__all__`."""

CONTRIB: dict[str, tuple[str, tuple[str, ...]]] = {
    "shopreco.contrib.oscar.apps": (
        "For `INSTALLED_APPS`: see [django-oscar](../how-to/django-oscar.md).",
        ("CatalogueConfig", "SearchConfig"),
    ),
    "shopreco.contrib.oscar.catalogues": ("To be subclassed.", ("OscarCatalogue",)),
    "shopreco.contrib.oscar.views": (
        "Its pages, for apps of oscar that a shop has forked.",
        ("AllProductsView", "CategoryView", "ResultsView"),
    ),
}
"""The same of optional apps. They are read and not imported, for what they serve is not installed
here."""


def public_names(module: str) -> list[str]:
    """The public names of a module of `PUBLIC`, in alphabetical order."""
    found = import_module(module)
    _, names = PUBLIC[module]
    names = names or getattr(found, "__all__", ()) or _classes_of(found)
    if missing := [name for name in names if not hasattr(found, name)]:
        sys.exit(f"PUBLIC: {module} has no {', '.join(missing)}.")
    return sorted(names, key=str.lower)


def _classes_of(module: ModuleType) -> tuple[str, ...]:
    return tuple(
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__
    )


def public_api_page() -> str:
    """What `PUBLIC` lists, with the first sentence of each class and function."""
    return page(
        "Public API",
        "What this page lists may be imported, and changes only as CHANGELOG.md says. Everything "
        "else is private and may change with any release.",
        "Public are also the [settings](settings.md), the [commands](commands.md) with their "
        "options and JSON keys, the [template tags](template-tags.md) with their templates, the "
        "[HTTP API](api.md), and the permissions of [the admin](../how-to/steer-from-admin.md).",
        *(_public_section(module) for module in PUBLIC),
        *(_contrib_section(module) for module in CONTRIB),
    )


def _public_section(module: str) -> str:
    sentence, _ = PUBLIC[module]
    rows = [(f"`{name}`", _first_sentence(module, name)) for name in public_names(module)]
    return f"## `{module}`\n\n{sentence}\n\n{table(('name', ''), *rows)}"


def _contrib_section(module: str) -> str:
    sentence, names = CONTRIB[module]
    source = ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text("utf-8")
    classes = {each.name: each for each in ast.parse(source).body if isinstance(each, ast.ClassDef)}
    rows = [(f"`{name}`", summary(ast.get_docstring(classes[name]) or "")) for name in names]
    return f"## `{module}`\n\n{sentence}\n\n{table(('name', ''), *rows)}"


def _first_sentence(module: str, name: str) -> str:
    if meaning := meanings_of_errors().get(name):
        return meaning
    value = getattr(import_module(module), name)
    doc = (value.__doc__ or "") if inspect.isclass(value) or inspect.isroutine(value) else ""
    if doc.startswith(f"{name}("):  # what a dataclass without a docstring says of itself
        return ""
    return re.split(r"(?<=[a-z)`]\.) ", summary(doc))[0]
