"""Rules that hold for every file, checked on the files and on fresh processes."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "shopreco"
MAX_LINES = 400  # lines: a few screens
HEAVY = {"torch", "transformers", "sentence_transformers", "onnx", "sklearn", "bm25s"}
# What a process that only answers has of indexing: it marks what is saved, and names kinds of runs.
MARKING = ("descendants", "marks", "outbox", "index_runs", "signals", "watches")
WITHOUT_DJANGO = ("text", "ranking", "encoders", "fusion", "media")

# Spelt in pieces, so that this file passes its own test.
UNFINISHED = re.compile("|".join([r"\bTO" + r"DO\b", r"\bFIX" + r"ME\b", r"\bX" + r"XX\b"]))
MACHINE_PATH = re.compile(r"(?<![\w.~-])/" + r"(work|opt)/")
REGISTRY_HOST = re.compile("|".join(["pypi" + r"\.org", "python" + "hosted", "npmjs" + r"\."]))
SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore|pragma: no cover)")
SUPPRESSION_WITH_REASON = re.compile(
    r"#\s*(noqa: [A-Z0-9, ]+|type: ignore\[[\w, -]+\]|pragma: no cover)\s*[(#]\s*\w"
)


def tracked_files() -> Iterator[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            yield ROOT / name


def lines_matching(pattern: re.Pattern[str], but_not: re.Pattern[str] | None = None) -> list[str]:
    found = []
    for path in tracked_files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:  # a picture or the like
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
            for number, line in enumerate(lines, start=1)
            if pattern.search(line) and not (but_not and but_not.search(line))
        ]
    return found


def run_python(code: str, *modules: str) -> str:
    """Output of a fresh interpreter in which no database and no broker can be reached."""
    nowhere = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        "CACHE_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "unused",
        "DJANGO_SETTINGS_MODULE": "demo_shop.settings",
    }
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *modules],
        cwd=ROOT,
        env=os.environ | nowhere,
        check=False,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def modules_of(directory: Path) -> list[str]:
    paths = [path.relative_to(ROOT).with_suffix("") for path in directory.rglob("*.py")]
    return sorted({".".join(path.parts).removesuffix(".__init__") for path in paths})


def light_modules() -> list[str]:
    """Every module of the package but those that exist only with another package's help."""
    apart = re.compile(r"shopreco\.(learning|contrib|migrations)\b")
    return [name for name in modules_of(PACKAGE) if not apart.match(name)]


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    # Not the hostile host's: tests give it models of their own.
    call_command("makemigrations", "shopreco", "demo_shop", check=True, dry_run=True, verbosity=0)


def test_nothing_is_left_unfinished() -> None:
    assert lines_matching(UNFINISHED) == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    assert lines_matching(MACHINE_PATH) == []
    assert lines_matching(REGISTRY_HOST) == []


def test_every_suppressed_warning_has_a_code_and_a_reason() -> None:
    here = Path(__file__).name
    found = lines_matching(SUPPRESSION, but_not=SUPPRESSION_WITH_REASON)
    assert [line for line in found if here not in line] == []


def test_files_fit_on_a_few_screens() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in PACKAGE.rglob("*.py")
        if "migrations" not in path.parts
    }
    assert {name: size for name, size in sizes.items() if size > MAX_LINES} == {}


@pytest.mark.parametrize("app", ["shopreco", "demo_shop"])
def test_every_message_is_translated_and_read(app: str) -> None:
    catalogue = ROOT / app / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    _header, *entries = catalogue.read_text(encoding="utf-8").strip().split("\n\n")
    assert len(entries) > 100
    assert [each for each in entries if re.search(r"^#,.*\bfuzzy\b", each, re.MULTILINE)] == []
    assert [
        each for each in entries if re.search(r'^msgstr(\[0\])? ""$(?!\n")', each, re.MULTILINE)
    ] == []


def test_importing_is_free() -> None:
    """No torch, no query, no broker, no warning: whatever a host imports of us."""
    code = f"""
import importlib, sys
import django
django.setup()
for name in sys.argv[1:]:
    importlib.import_module(name)
from django.db import connections
opened = [c.alias for c in connections.all(initialized_only=True) if c.connection is not None]
assert not opened, f"connected to {{opened}}"
print(*sorted({HEAVY!r} & set(sys.modules)))
"""
    assert run_python(code, *light_modules()).split() == []


def test_a_web_process_loads_no_writer() -> None:
    """With the admin and the API; what marks saved objects is all that it has of indexing."""
    code = """
import importlib, sys
import django
from django.conf import settings
django.setup()
importlib.import_module(settings.ROOT_URLCONF)
from django.template import engines
engines["django"].from_string("{% load shopreco shopreco_admin %}")
writing = ("shopreco.indexing.", "shopreco.graph.", "shopreco.tasks", "shopreco.services.")
print(*sorted(name for name in sys.modules if name.startswith(writing)))
"""
    marking = {f"shopreco.indexing.{each}" for each in MARKING}
    answering = {f"shopreco.services.{each}" for each in ("parameters", "recommend", "search")}
    loaded = set(run_python(code).split())
    assert loaded - marking - answering - {"shopreco.graph.names"} == set()


def test_the_web_process_needs_none_of_the_workers_packages() -> None:
    code = f"""
import importlib, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {HEAVY!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
import django
django.setup()
for name in sys.argv[1:]:
    importlib.import_module(name)
"""
    run_python(code, *light_modules())


@pytest.mark.parametrize("layer", WITHOUT_DJANGO)
def test_mathematics_and_language_know_no_django(layer: str) -> None:
    code = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*(name for name in ("django", "celery", "torch") if name in sys.modules))
"""
    assert run_python(code, *modules_of(PACKAGE / layer)).split() == []


def test_public_names_exist() -> None:
    """`__all__` is the public API: each name is there, and sorted lists stay readable."""
    code = """
import importlib, sys
import django
django.setup()
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    for public in getattr(module, "__all__", ()):
        getattr(module, public)
"""
    run_python(code, *light_modules())


def test_public_functions_have_docstrings() -> None:
    """Modules that name their public API document every function and class of it."""
    missing = []
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        exported = {
            element.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
            and isinstance(node.value, (ast.List, ast.Tuple))
            for element in node.value.elts
            if isinstance(element, ast.Constant)
        }
        missing += [
            f"{path.relative_to(ROOT)}: {node.name}"
            for node in tree.body
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))
            and node.name in exported
            and ast.get_docstring(node) is None
        ]
    assert missing == []
