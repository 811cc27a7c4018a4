"""Documentation that cannot go stale: generated pages, links, names, code and constants."""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class
from django.template import Engine, Template
from django.urls import Resolver404, resolve

from devtools import reference
from devtools.reference import public_api
from devtools.reference.settings import OPTIONAL
from shopreco import conf
from shopreco.answers.blocks import HEADINGS
from shopreco.api.parameters import TRACKING
from shopreco.encoders.graph import RESTART
from shopreco.indexing import spaces
from shopreco.models.placements import DEFAULT_PLACEMENTS
from shopreco.queries import terms
from shopreco.queries.limits import MAX_OFFSET
from shopreco.ranking.convex_sum import EXPECTED_LEXICAL, ConvexSum
from shopreco.retrieval import dense, hybrid, lexical
from shopreco.text import bm25
from tests.helpers.docs import BLOCK, PAGES, ROOT, code_blocks

# Names of tables, indexes and scratch databases look like those of commands.
OTHER_NAMES = re.compile(r"shopreco_(hnsw|terms|evaluate|bench)_|shopreco_\*|shopreco_admin$")
NUMBERS = {"a quarter": 0.25, "half": 0.5, "half a": 0.5, "one": 1.0, "two": 2.0}
PLACEHOLDERS = {"<id>": "1", "<placement>": "product-similar"}


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


def code_spans(page: Path) -> list[str]:
    """What stands between backticks, outside code blocks."""
    return re.findall(r"`([^`\n]+)`", BLOCK.sub("", page.read_text(encoding="utf-8")))


def all_code(page: Path) -> str:
    blocks = [body for _, _, body in BLOCK.findall(page.read_text(encoding="utf-8"))]
    return "\n".join([*code_spans(page), *blocks])


# Generated pages


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_reference_says_what_the_code_says(name: str) -> None:
    made = reference.PAGES[name]()
    committed = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert committed == made, "run `python docs/generate.py`"


# Links


def anchors(page: Path) -> set[str]:
    """Of the headings, as GitHub makes them."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"\w+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            broken.append(target)
    assert broken == []


def linked_from(page: Path) -> Iterator[Path]:
    for target in re.findall(r"\]\(([^)\s#]+\.md)", page.read_text(encoding="utf-8")):
        yield (page.parent / target).resolve()


def test_every_page_is_within_two_links_of_the_readme() -> None:
    near = {ROOT / "README.md", *linked_from(ROOT / "README.md")}
    near |= {further for page in near for further in linked_from(page)}
    assert [name_of(page) for page in PAGES if page not in near] == []


# Code


@every_page
def test_python_compiles_and_what_it_imports_of_us_exists(page: Path) -> None:
    for block in code_blocks(page, "python"):
        tree = ast.parse(block, filename=name_of(page))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in public_api.CONTRIB:
                continue  # where their apps are installed: tests/oscar_shop
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("shopreco"):
                module = importlib.import_module(node.module or "")
                assert [a.name for a in node.names if not hasattr(module, a.name)] == []


@every_page
def test_what_is_imported_of_us_is_public(page: Path) -> None:
    for block in code_blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Import):
                assert [a.name for a in node.names if a.name.startswith("shopreco.")] == []
            if isinstance(node, ast.ImportFrom) and node.module == "shopreco":
                modules = [f"shopreco.{each.name}" for each in node.names]
                assert [name for name in modules if name not in public_api.PUBLIC] == []
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("shopreco."):
                assert node.module in {**public_api.PUBLIC, **public_api.CONTRIB}
                _, public = public_api.CONTRIB.get(node.module or "", ("", ()))
                public = public or public_api.public_names(node.module)
                assert [each.name for each in node.names if each.name not in public] == []


@every_page
def test_settings_in_code_are_valid(page: Path) -> None:
    for block in code_blocks(page, "python"):
        for node in ast.parse(block).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SHOPRECO":
                given = ast.literal_eval(node.value)
                for key in given.keys() & OPTIONAL.keys():
                    options, kind = given.pop(key), OPTIONAL[key]
                    assert [name for name in options if kind.fault(name, options[name])] == []
                assert conf.problems(given) == []


@every_page
def test_templates_compile(page: Path) -> None:
    engine = Engine.get_default()
    for block in code_blocks(page, "django"):
        Template("{% load shopreco static %}" + block, engine=engine)


@every_page
def test_json_can_be_read(page: Path) -> None:
    for block in code_blocks(page, "json"):
        json.loads(block)


# Names


@every_page
def test_settings_that_are_named_exist(page: Path) -> None:
    known = {*conf.Settings.__dataclass_fields__, *OPTIONAL}
    named = re.findall(r"SHOPRECO\[\"(\w+)\"\]", page.read_text(encoding="utf-8"))
    assert [name for name in named if name not in known] == []


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    found: set[str] = set()
    for action in parser._actions:
        found |= set(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):
            found |= {option for sub in action.choices.values() for option in options_of(sub)}
    return found


@every_page
def test_commands_that_are_named_exist_with_their_options(page: Path) -> None:
    commands = get_commands()
    tables = {model._meta.db_table for model in apps.get_app_config("shopreco").get_models()}
    for name in re.findall(r"\bshopreco_[\w*]+", all_code(page)):
        assert name in {*commands, *tables} or OTHER_NAMES.match(name), name
    for name, rest in re.findall(r"manage\.py (\w+)([^\n`#]*)", all_code(page)):
        assert name in commands, f"manage.py {name}"
        command: Any = load_command_class(commands[name], name)
        known = options_of(command.create_parser("manage.py", name))
        assert [each for each in re.findall(r"--[\w-]+", rest) if each not in known] == []


@every_page
def test_dotted_names_of_ours_exist(page: Path) -> None:
    models = apps.get_app_config("shopreco").get_models()
    actions = ("add", "change", "delete", "view")
    permissions = {f"shopreco.{a}_{model._meta.model_name}" for model in models for a in actions}
    for name in set(re.findall(r"(?<![\w/.-])shopreco(?:\.\w+)+", all_code(page))) - permissions:
        if not re.fullmatch(
            r"shopreco\.[EW]\d{3}", name
        ):  # a check: see `devtools.reference.checks`
            assert exists(name), name


def exists(name: str) -> bool:
    with suppress(ModuleNotFoundError):
        # Not imported: modules of settings are not made for that.
        if importlib.util.find_spec(name):
            return True
    module, _, attribute = name.rpartition(".")
    return hasattr(importlib.import_module(module), attribute)


def test_places_on_the_map_exist() -> None:
    spans = code_spans(ROOT / "docs" / "explanation" / "architecture.md")
    places = [span for span in spans if re.fullmatch(r"[\w/]+(\.py|/)", span)]
    assert len(places) > 50
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_make_help_lists_every_target() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8")
    (targets,) = re.findall(r"^\.PHONY: (.*)$", recipe, re.MULTILINE)
    listed = re.findall(r"^# make ([\w-]+) +\S", recipe, re.MULTILINE)
    assert sorted(listed) == sorted(targets.split())


def test_the_glossary_has_each_term_once() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^- \*\*([^*]+)\*\*", text, re.MULTILINE)
    assert sorted(terms) == sorted(set(terms))


@every_page
def test_tags_that_are_named_exist(page: Path) -> None:
    library = importlib.import_module("shopreco.templatetags.shopreco").register
    named = re.findall(r"\{% (\w+)", "\n".join(code_spans(page)))
    assert [name for name in named if name not in library.tags] == []


def paths_of_the_api(page: Path) -> Iterator[str]:
    for code in all_code(page).splitlines():
        if found := re.match(r"GET (?:/shopreco/)?([\w<>/-]+)", code):
            yield found[1]
        yield from re.findall(r"(?<![\w.])/shopreco/([\w<>/-]+)", code)
        yield from re.findall(r"^health/\w+|^(?:blocks|similar|recommend)/<\w+>/", code)


@every_page
def test_paths_of_the_api_exist(page: Path) -> None:
    for path in paths_of_the_api(page):
        concrete = path
        for placeholder, value in PLACEHOLDERS.items():
            concrete = concrete.replace(placeholder, value)
        try:
            resolve(f"/{concrete}", urlconf="shopreco.api.urls")
        except Resolver404:
            pytest.fail(f"{name_of(page)} names {path}")


def test_the_table_of_placements_is_that_of_the_code() -> None:
    text = (ROOT / "docs" / "reference" / "template-tags.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+-[\w-]+)` \| ([^|]+) \| .*\. \|$", text, re.MULTILINE)
    assert dict(rows) == {name: str(heading) for name, heading in HEADINGS.items()}
    assert set(HEADINGS) == {each.name for each in DEFAULT_PLACEMENTS}


def test_the_parameters_that_are_passed_over_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    listed = text.partition("parameters that begin with ")[2].partition(".")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == set(TRACKING)


# Constants


CONSTANTS = {
    "README.md": [
        (r"the (\d+) nearest products", dense.NEIGHBOURS),
        (r"\((\d+) where some have no words\)", hybrid.WORDLESS_NEIGHBOURS),
        (r"up to ([\d,]+)\.", lexical.MAX_HITS),
    ],
    "docs/explanation/ranking.md": [
        (r"the (\d+) nearest", dense.NEIGHBOURS),
        (r"(\d+) where some products have no words", hybrid.WORDLESS_NEIGHBOURS),
        (r"([\d.]+) of it stands for the words' share", EXPECTED_LEXICAL),
        (r"at least (a quarter) of the query's weight", terms.CUT),
        (r"match, up to ([\d,]+)\.", lexical.MAX_HITS),
        (r"reach (half) the best cosine", hybrid.DENSE_CUT),
        (r"a space of (\d+) products or more", spaces.MIN_CALIBRATION),
        (r"mean plus ([\w ]+?) standard deviations?", hybrid.DEVIATIONS),
        (r"score = ([\d.]+) · \(", 1 - ConvexSum().mention_weight),
        (r"\(([\d.]+) · lexical", ConvexSum().lexical_weight),
        (r"\+ ([\d.]+) · mentions", ConvexSum().mention_weight),
        (r"\+ ([\d.]+) · cosine", 1 - ConvexSum().lexical_weight),
        (r"only words found, the best (\d+)\.", hybrid.RESCORED),
    ],
    "docs/explanation/graph.md": [
        (r"takes on (half) of the mean", 1 - RESTART),
        (r"keeps (half) of what it began", RESTART),
    ],
    "docs/explanation/lexical.md": [
        (r"k1 = ([\d.]+)", bm25.K1),
        (r"\bb = ([\d.]+)", bm25.B),
        (r"`lexical` reaches ([\d.]+)\.", terms.CUT),
        (r"stay below (a quarter) of the mass", terms.CUT),
        (r"most frequent ([\d,]+) words", terms.MAX_TERMS_PER_SPACE),
    ],
    "docs/reference/api.md": [(r"from 0 to ([\d,]+);", MAX_OFFSET)],
}


@pytest.mark.parametrize("page", CONSTANTS)
def test_numbers_are_those_of_the_code(page: str) -> None:
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split("\n"))
    for pattern, value in CONSTANTS[page]:
        found = re.findall(pattern, text)
        assert len(found) == 1, f"{pattern}: {found}"
        number = NUMBERS.get(found[0]) or float(found[0].replace(",", ""))
        assert number == pytest.approx(value), pattern
