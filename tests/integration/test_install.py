"""What README and tutorial tell a newcomer to do, done word for word in a fresh project."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from psycopg import sql

from devtools.embedded import EmbeddedServers
from tests.helpers.processes import ROOT, Process

pytestmark = pytest.mark.slow

DATABASE = "shopreco_install_test"
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"(?:#|\{#) ([\w/]+\.(?:py|html))(?: #\})?\n")
PROGRAMS = {
    "python": [sys.executable],
    "django-admin": [sys.executable, "-m", "django"],
    "celery": [sys.executable, "-m", "celery"],
}
OURS = re.compile("DJANGO_|DATABASE_URL|SHOP_DATABASE_URL|CELERY_|CACHE_URL|SECRET_KEY|DEMO_DIR")


@dataclass
class Block:
    """A code block of a page: `file` is what its first comment line names, if it does."""

    language: str
    text: str

    @property
    def file(self) -> str:
        named = FILE_NAME.match(self.text)
        return named[1] if named else ""

    @property
    def commands(self) -> list[str]:
        return re.findall(r"^\$ (.+)$", self.text, re.MULTILINE)


def blocks(page: str, heading: str = "") -> list[Block]:
    """The code blocks of a page or one section, without the indentation of their list items."""
    section = (ROOT / page).read_text(encoding="utf-8")
    if heading:
        section = section.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = BLOCK.findall(section)
    assert found, f"{page} has no code under {heading!r}"
    return [
        Block(language, re.sub(f"^{indent}", "", body, flags=re.MULTILINE))
        for indent, language, body in found
    ]


@dataclass
class Project:
    """A Django project in a folder of its own, and the processes that work on it."""

    folder: Path
    port: int
    processes: list[Process] = field(default_factory=list)
    seconds: float = 0.0
    """From the first command to the first answer."""

    def follow(self, page: str, heading: str = "") -> None:
        for block in blocks(page, heading):
            if block.language == "console":
                for command in block.commands:
                    self.execute(command)
            elif block.file:
                self.append(block.file, block.text)
            else:
                self.shell(block.text)

    def append(self, file: str, text: str) -> None:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(f"{before}\n\n{text}", encoding="utf-8")
        if path.name == "settings.py":
            # The servers of this test run instead of the page's.
            path.write_text(f"{path.read_text('utf-8')}\n{servers_of_the_tests()}", "utf-8")

    def execute(self, command: str) -> None:
        program, *arguments = shlex.split(command)
        if program in {"pip", "sudo", "pg_dump"} or arguments == ["manage.py", "shell"]:
            return  # is installed; is done by a test itself; its input is the next block
        if program == "celery":
            self.start(program, *arguments)
        else:
            if "createsuperuser" in arguments:
                arguments.append("--noinput")
            self.run(program, *arguments)

    def run(self, program: str, *arguments: str, expect: int = 0) -> str:
        finished = subprocess.run(
            [*PROGRAMS[program], *arguments],
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert finished.returncode == expect, f"{arguments}:\n{finished.stdout}"
        return finished.stdout

    def shell(self, code: str) -> str:
        return self.run("python", "manage.py", "shell", "-c", code)

    def start(self, program: str, *arguments: str) -> None:
        log_path = self.folder / f"process-{len(self.processes)}.log"
        with log_path.open("wb") as log:
            popen = subprocess.Popen(
                [*PROGRAMS[program], *arguments],
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(Process(popen, log_path))

    def get(self, path: str, **parameters: str) -> str:
        url = f"http://127.0.0.1:{self.port}{path}?{urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            text: str = answer.read().decode()
        return text

    def wait_until(self, condition: Callable[[], object], seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            logs = "\n".join(process.log for process in self.processes)
            assert time.monotonic() < deadline, f"not within {seconds} seconds:\n{logs}"
            time.sleep(1)

    def answers(self) -> bool:
        with suppress(OSError):
            return json.loads(self.get("/shopreco/health/live")) == {"status": "live"}
        return False


def environment() -> dict[str, str]:
    """A newcomer's: nothing of this test run but where the package is."""
    inherited = {name: value for name, value in os.environ.items() if not OURS.match(name)}
    superuser = {"USERNAME": "admin", "EMAIL": "admin@example.com", "PASSWORD": "not-secret"}
    given = {f"DJANGO_SUPERUSER_{name}": value for name, value in superuser.items()}
    return inherited | given | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def server() -> dict[str, Any]:
    known = connections["default"].settings_dict
    return {name: known[name] for name in ("HOST", "PORT", "USER", "PASSWORD")}


def servers_of_the_tests() -> str:
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": DATABASE, **server()}
    return (
        f"DATABASES = {{'default': {database!r}}}\n"
        f"CELERY_BROKER_URL = {settings.CELERY_BROKER_URL!r}\n"
        "CELERY_BROKER_TRANSPORT_OPTIONS = {'global_keyprefix': 'install:'}\n"
    )


def connect(database: str) -> psycopg.Connection:
    given = {name.lower(): value for name, value in server().items() if value}
    return psycopg.connect(dbname=database, autocommit=True, **given)


def administer(statement: str) -> None:
    with connect("postgres") as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(DATABASE)))


@pytest.fixture(scope="module")
def project(
    servers: EmbeddedServers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """The shop of the tutorial, with what README adds to it; worker, beat and web server run."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    project = Project(tmp_path_factory.mktemp("shop"), port)
    administer("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    administer("CREATE DATABASE {}")
    began = time.monotonic()
    try:
        project.follow("docs/tutorial.md", "1. A small shop")
        project.follow("README.md", "Install it in your shop")
        project.start("python", "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}")
        project.wait_until(project.answers)
        project.seconds = time.monotonic() - began
        yield project
    finally:
        for process in project.processes:
            process.stop()
        administer("DROP DATABASE IF EXISTS {} WITH (FORCE)")


def titles(html: str) -> list[str]:
    """Of the products that a page of results links to, in its order."""
    return re.findall(r'<p><a href="/products/\d+/">(.+?)</a></p>', html)


def found_by_words(project: Project, query: str) -> set[str]:
    answer = json.loads(project.get("/shopreco/search/", q=query))
    return {row["title"] for row in answer["results"] if row["parts"].get("lexical")}


def test_the_pages_of_the_shop_name_every_file_they_change() -> None:
    """What is not a file or a command is typed into the shell: there is one such block."""
    install = blocks("README.md", "Install it in your shop")
    assert all(block.file or block.language == "console" for block in install)
    tutorial = blocks("docs/tutorial.md", "1. A small shop")
    assert len([b for b in tutorial if not b.file and b.language != "console"]) == 1


def test_a_shop_stands_five_minutes_after_the_downloads(project: Project) -> None:
    assert project.seconds < 300


def test_the_page_of_results_finds_by_meaning(project: Project) -> None:
    html = project.get("/search/", q="something to read by at night")
    assert titles(html)[0] == "Clip lamp"
    assert "Kitchen chair" not in titles(html)


def test_the_page_of_results_finds_by_word_brand_and_sku(project: Project) -> None:
    assert titles(project.get("/search/", q="teapot"))[0] == "Teapot"
    assert set(titles(project.get("/search/", q="Fennel"))[:3]) == {
        "Clip lamp", "Floor lamp", "Garden lantern",
    }  # fmt: skip
    assert titles(project.get("/search/", q="A-005")) == ["Kitchen chair"]


def test_the_search_box_has_suggestions_and_its_files(project: Project) -> None:
    html = project.get("/search/", q="mug")
    assert 'action="/search/"' in html
    assert 'value="mug"' in html
    assert 'data-shopreco-suggest="/shopreco/autocomplete/?language=' in html
    for file in re.findall(r'(?:src|href)="(/static/[^"]+)"', html):
        assert project.get(file.partition("?")[0])
    answer = json.loads(project.get("/shopreco/autocomplete/", q="tea"))
    assert "Teapot" in [each["text"] for each in answer["suggestions"]]


def test_the_page_of_a_product_has_similar_ones(project: Project) -> None:
    link = re.search(r'href="(/products/\d+/)">Clip lamp', project.get("/search/", q="clip lamp"))
    assert link
    html = project.get(link[1])
    assert "Similar products" in html
    assert "Floor lamp" in html.partition("Similar products")[2]
    [sheet] = re.findall(r'<link rel="stylesheet" href="([^"]+)">', html)
    assert ".shopreco-card" in project.get(sheet)


def test_the_api_answers(project: Project) -> None:
    answer = json.loads(project.get("/shopreco/search/", q="light", facets="*", price_max="100"))
    assert answer["degraded"] == []
    assert {row["currency"] for row in answer["results"]} == {"EUR"}
    assert [facet["name"] for facet in answer["facets"]] == ["brand"]
    assert json.loads(project.get("/shopreco/health/ready"))["status"] == "ready"


def test_a_renamed_brand_is_found_without_a_save_of_its_products(project: Project) -> None:
    assert found_by_words(project, "Zephyrine") == set()
    project.shell(
        "from shop.models import Brand\n"
        "tarn = Brand.objects.get(name='Tarn')\n"
        "tarn.name = 'Zephyrine'\n"
        "tarn.save()"
    )
    project.wait_until(lambda: found_by_words(project, "Zephyrine") == {"Coffee mug", "Teapot"})
    # Nothing waits and nothing is wrong: exit code 0.
    assert "8 indexed, 0 waiting" in project.run("python", "manage.py", "shopreco_status")


def test_beat_catches_a_change_whose_message_was_lost(project: Project) -> None:
    project.shell(
        "from shop.models import Product\n"
        "from shopreco.indexing.marks import Fact, mark\n"
        "Product.objects.filter(name='Stool').update(name='Tabouret')\n"
        "mark([Fact('shop.product', '', str(Product.objects.get(name='Tabouret').pk))])"
    )
    project.wait_until(lambda: found_by_words(project, "Tabouret") == {"Tabouret"})
    assert all(process.is_running() for process in project.processes)


def test_a_misspelt_field_is_an_error_with_the_name_that_was_meant(project: Project) -> None:
    catalogue = project.folder / "shop" / "catalogues.py"
    right = catalogue.read_text(encoding="utf-8")
    try:
        catalogue.write_text(right.replace("brand.name", "brand.nmae"), encoding="utf-8")
        output = project.run("python", "manage.py", "migrate", expect=1)
    finally:
        catalogue.write_text(right, encoding="utf-8")
    assert "field `nmae` not found on shop.Brand" in output
    assert "Did you mean `name`?" in output


def test_the_tests_of_a_shop_pass_without_model_worker_and_broker(project: Project) -> None:
    project.follow("docs/how-to/test-your-shop.md")


def test_a_backup_without_the_index_is_enough(project: Project) -> None:
    # What is left after a restore of such a dump.
    with connect(DATABASE) as connection:
        (tables,) = connection.execute(
            "SELECT string_agg(oid::regclass::text, ', ') FROM pg_class "
            "WHERE relkind IN ('r', 'p') AND relname LIKE 'shopreco%' AND NOT relispartition"
        ).fetchone()
        connection.execute(f"DROP TABLE {tables} CASCADE")
    project.follow("docs/how-to/backups.md")
    assert titles(project.get("/search/", q="something to read by at night"))[0] == "Clip lamp"
