"""Write the reference pages that say what the code says: `python docs/generate.py`.

Each page is a function that reads the package and returns Markdown; `tests/unit/test_docs.py`
fails where a committed page differs.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import django
from django.conf import settings

REFERENCE = Path(__file__).resolve().parent / "reference"
PACKAGE = REFERENCE.parent.parent / "shopreco"
SECTIONS = {"Args": "Arguments", "Raises": "Errors", "Returns": "Returns"}
SIGNATURE_WIDTH = 92

CHECKS = {
    "E001": "`SHOPRECO` has a key that is no setting.",
    "E002": "A value has the wrong type, or is none that its option takes.",
    "E003": "A setting of an earlier release was removed.",
    "E004": "Tenants share the tables of shopreco, but not the products that are in them.",
    "W001": "There is a proxy, and `NUM_PROXIES` is not set: rates count all visitors as one.",
    "E007": "A path in `reindex_on` ends with a star, and its last step climbs no tree.",
    "E008": "A `Relation` is weighed by a field of rows that its source does not follow.",
    "E009": "A facet has the name of a filter that every shop has.",
    "E010": "The catalogue has no `model`.",
    "E011": "A source, or a path in `reindex_on`, does not exist on the model.",
    "E012": "The model has a composite primary key.",
    "E013": "The model's key may be longer than can be indexed.",
    "E014": "The catalogue has no title.",
    "E015": "A declaration that may occur once occurs more often.",
    "E016": "`Parent` points to another model than the catalogue's own.",
    "E017": "A `Relation` leads to another model than the catalogue's own.",
    "E018": "A `Relation` has a code that is no single word.",
    "E019": "A `Visibility` is declared, and no `get_visibility` says who sees it.",
    "E020": "An extension is missing on the server, too old, or in a schema that is not searched.",
    "E021": "The database does not answer.",
    "W010": "A path goes through a method, and `reindex_on` names nothing that it reads.",
    "W011": "Neither the catalogue nor `LANGUAGE_CODE` says which language its texts are in.",
    "W012": "A path ends in a method on rows of a tree, which `reindex_on` does not climb.",
    "W020": "Pictures or videos are decoded where the system cannot confine the decoder.",
    "W021": "The database has a pgvector with known faults.",
}
OWN_SETTINGS = """\
# assistant/conf.py
from dataclasses import dataclass

from shopreco.conf import BaseSettings, option


@dataclass(frozen=True)
class AssistantSettings(BaseSettings):
    \"""Assistant: what answers.\"""

    MODEL: str = option("small", "The model that answers.", choices=("small", "large"))


# assistant/apps.py
from django.apps import AppConfig


class AssistantConfig(AppConfig):
    def ready(self):
        from assistant.conf import AssistantSettings
        from shopreco.conf import register_settings

        register_settings("ASSISTANT", AssistantSettings)


# Anywhere, once Django is ready
from shopreco.conf import get_app_settings

get_app_settings(AssistantSettings).MODEL"""
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


# Markdown from docstrings and signatures


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


def checks_between(first: str, last: str) -> str:
    """The table of system checks; an id that is only here or only in the code is an error."""
    own = (*PACKAGE.glob("conf/*.py"), PACKAGE / "checks.py")
    texts = [path.read_text("utf-8") for path in (*own, *PACKAGE.glob("catalogues/*.py"))]
    used = {id for text in texts for id in re.findall(r'"(?:shopreco\.)?([EW]\d{3})"', text)}
    if used != set(CHECKS):
        raise SystemExit(f"CHECKS and the code differ: {sorted(used ^ set(CHECKS))}")
    ids = [id for id in sorted(used) if first <= f"E{id[1:]}" <= last]
    rows = [(f"`shopreco.{id}`", CHECKS[id]) for id in ids]
    return table(("id", "what is wrong"), *rows)


# Pages


def settings_page() -> str:
    from shopreco.conf import Settings, register_settings, settings_classes
    from shopreco.encoders import HashingEncoder, SentenceTransformerEncoder
    from shopreco.ranking import ConvexSum, ReciprocalRank

    further = []
    for key, found in settings_classes.items():
        if found.__module__.startswith("shopreco."):
            further += [f"## Keys of `SHOPRECO[{literal(key)}]`", *_option_groups(found)]
    classes = []
    for kind in (SentenceTransformerEncoder, HashingEncoder, ConvexSum, ReciprocalRank):
        path = f"{kind.__module__}.{kind.__name__}"
        if kind.__module__.startswith("shopreco.encoders"):
            path = f"shopreco.encoders.{kind.__name__}"
        parameters = inspect.signature(kind).parameters
        rows = [(f"`{name.upper()}`", f"`{literal(p.default)}`") for name, p in parameters.items()]
        classes += [f"### `{path}`", prose(kind.__doc__ or "", parameters)]
        classes.append(table(("option", "default"), *rows))
    return page(
        "Settings",
        "One dict in the host's settings. Every key is optional; keys that are left out keep their "
        "default. Settings are read when they are needed and never shape tables.",
        python('# settings.py\nSHOPRECO = {"QUERY_DEADLINE": 0.5}'),
        "Database and cache are Django's (`DATABASES`, a router for the app `shopreco`, `CACHES`), "
        "the broker is Celery's, rates of the API are "
        "[Django REST framework's](api.md#rates).",
        "## Keys",
        *_option_groups(Settings),
        *further,
        "## Settings of further apps",
        "An app may have a class of settings, under a key of its own. They are checked as those of "
        "shopreco are, and the key is unknown where the app is not installed.",
        python(OWN_SETTINGS),
        prose(register_settings.__doc__ or ""),
        "## Classes and their options",
        "Options stand beside `CLASS`, in capitals.",
        *classes,
        "## System checks",
        "`python manage.py check` reports what is wrong, with the fix:",
        checks_between("E001", "E006"),
        "Of the machine and the database. The latter are asked by `migrate`, and by "
        "`python manage.py check --database default`:",
        checks_between("E020", "W999"),
    )


def _option_groups(kind: type[Any]) -> Iterator[str]:
    """A settings class, one heading for each group of its options."""
    defaults = kind()
    for group, options in kind.groups().items():
        title, _, text = summary(group.__doc__ or "").partition(": ")
        yield f"### {title}"
        yield f"{text[:1].upper()}{text[1:]}"
        for option in options:
            shown = str(option.type).replace("Mapping[str, Any]", "dict")
            default = literal(getattr(defaults, option.name))
            yield f"#### `{option.name}`\n\n{option.metadata['help']}"
            yield f"Type: `{shown}`. Default: `{default}`."


def catalogue_page() -> str:
    from shopreco import catalogues
    from shopreco.catalogues import Catalogue, Field, ItemDocument, TextPart

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


def services_page() -> str:
    from shopreco import services
    from shopreco.answers.facets import FacetCounts, FacetValue, PriceRange

    public = [getattr(services, name) for name in services.__all__]
    functions = [each for each in public if inspect.isfunction(each)]
    functions.sort(key=_place)
    classes = [each for each in public if inspect.isclass(each)]
    return page(
        "Services",
        "All that views, template tags, commands and the admin call; yours may too. They wait for "
        "the database: in async code `await sync_to_async(search)(…)`, from asgiref.",
        "```python\nfrom shopreco.services import search\n```",
        "## Functions",
        *(
            f"### `{f.__name__}`\n\n{python(signature(f))}\n\n{prose(f.__doc__ or '')}".strip()
            for f in functions
        ),
        "## Results",
        "Frozen dataclasses.",
        *(
            dataclass_section(each)
            for each in dict.fromkeys((*classes, FacetCounts, FacetValue, PriceRange))
        ),
    )


def _place(function: Callable[..., Any]) -> tuple[str, int]:
    """By module, as it stands there."""
    found = inspect.unwrap(function)
    return found.__module__, found.__code__.co_firstlineno


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


def commands_page() -> str:
    from django.core.management.base import BaseCommand

    from shopreco.management import commands

    ours = sorted(module.name for module in iter_modules(commands.__path__))
    common = {action.dest for action in BaseCommand().create_parser("", "")._actions}
    sections = []
    for name in ours:
        command = import_module(f"shopreco.management.commands.{name}").Command()
        parser = command.create_parser("manage.py", name)
        sections += [f"## `{name}`", _without_exit_codes(command.help)]
        sections += _options(parser, common, f"python manage.py {name}")
        sections.append(f"Exit codes: {_exit_codes(command)}.")
    return page(
        "Commands",
        "All take Django's own options too (`--settings`, `--verbosity`, …). An unknown option "
        "ends a command with exit code 2, as everywhere in Django.",
        *sections,
    )


def _options(parser: argparse.ArgumentParser, common: set[str], usage: str) -> Iterator[str]:
    rows: list[tuple[str, str]] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help for choice in action._choices_actions}
            for subject, sub in action.choices.items():
                yield f"### `{usage.rpartition(' ')[2]} {subject}`"
                yield f"{helps[subject].capitalize()}."
                yield from _options(sub, common, f"{usage} {subject}")
            return
        if action.dest in common:
            continue
        shown = ", ".join(action.option_strings) or _metavar(action)
        if action.option_strings and action.nargs != 0:
            shown += f" {_metavar(action)}"
        rows.append((f"`{shown}`", action.help or ""))
    if rows:
        yield table(("argument", ""), *rows)


def _metavar(action: argparse.Action) -> str:
    name = str(action.metavar or (action.dest.upper() if action.option_strings else action.dest))
    return f"[{name}]" if action.nargs == "?" else name


def _exit_codes(command: Any) -> str:
    """From the help or the docstring of the command or a base class; else success and failure."""
    for kind in type(command).__mro__:
        text = f"{vars(kind).get('help', '')} {kind.__doc__ or ''}"
        if found := re.search(r"Exit codes: ([^.]+)\.", " ".join(text.split())):
            return found[1]
    return "0 done, 1 failed"


def _without_exit_codes(help: str) -> str:
    return re.sub(r"\s*Exit codes: [^.]+\.", "", help)


def errors_page() -> str:
    from shopreco import encoders, exceptions
    from shopreco.exceptions import ShopRecoError

    documented = (exceptions, sys.modules[encoders.EncoderError.__module__])
    meanings = _meanings_of_errors()

    def branch(kind: type[ShopRecoError], depth: int = 0) -> Iterator[str]:
        meaning = meanings.get(kind.__name__) or summary(kind.__doc__ or "").partition(".")[0]
        yield f"{'  ' * depth}- `{kind.__name__}` (`{kind.code}`) {meaning}".rstrip()
        for each in sorted(kind.__subclasses__(), key=lambda kind: kind.__name__):
            if each.__module__ in {module.__name__ for module in documented}:
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


def _meanings_of_errors() -> dict[str, str]:
    """By name, as the trees in the docstrings of their modules say."""
    from shopreco import encoders, exceptions

    documented = (exceptions, sys.modules[encoders.EncoderError.__module__])
    trees = "\n".join(module.__doc__ or "" for module in documented)
    return dict(re.findall(r"─ (\w+) +(\S.*)", trees))


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
    "shopreco.api.urls": ("For `include()`: see [HTTP API](api.md).", ("urlpatterns",)),
    "shopreco.retrieval.base": (
        "The contract of retrievers, and their registry: see [extend](../how-to/extend.md).",
        ("Candidates", "Context", "Retriever", "RETRIEVERS", "nothing"),
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
    )


def _public_section(module: str) -> str:
    sentence, _ = PUBLIC[module]
    rows = [(f"`{name}`", _first_sentence(module, name)) for name in public_names(module)]
    return f"## `{module}`\n\n{sentence}\n\n{table(('name', ''), *rows)}"


def _first_sentence(module: str, name: str) -> str:
    if meaning := _meanings_of_errors().get(name):
        return meaning
    value = getattr(import_module(module), name)
    doc = (value.__doc__ or "") if inspect.isclass(value) or inspect.isroutine(value) else ""
    if doc.startswith(f"{name}("):  # what a dataclass without a docstring says of itself
        return ""
    return re.split(r"(?<=[a-z)`]\.) ", summary(doc))[0]


def page(title: str, *parts: str) -> str:
    origin = "<!-- Made from the code by `python docs/generate.py`; edit the code instead. -->"
    return "\n\n".join([f"# {title}", origin, *filter(None, parts)]) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "catalogue.md": catalogue_page,
    "commands.md": commands_page,
    "services.md": services_page,
    "errors.md": errors_page,
    "public-api.md": public_api_page,
}


def main() -> None:
    sys.path.insert(0, str(PACKAGE.parent))
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": "not connected to"}
    apps = [*(f"django.contrib.{app}" for app in ("contenttypes", "auth", "admin")), "shopreco"]
    settings.configure(DATABASES={"default": database}, INSTALLED_APPS=apps)
    django.setup()
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make(), encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
