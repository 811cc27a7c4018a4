"""An optional app brings an evaluation subject, by one line in its `AppConfig.ready`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import AppConfig
from django.core.management import CommandError, call_command
from django.db import connection

from shopreco.evaluation.scratch.database import ScratchDatabase
from shopreco.evaluation.subjects import SUBJECTS
from shopreco.exceptions import ConfigurationError
from tests.evaluation_app.subjects import TitlesSubject

pytestmark = pytest.mark.django_db


@pytest.fixture
def installed() -> Iterator[None]:
    """The app in this process. In the scratch process Django itself installs it."""
    AppConfig.create("tests.evaluation_app").ready()
    yield
    SUBJECTS.unregister(TitlesSubject.name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [{"_id": f"p{n}", "title": f"Article {n * 7919 % 9973} of oak"} for n in range(20)]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def evaluate(*arguments: object) -> str:
    out = StringIO()
    call_command("shopreco_evaluate", *map(str, arguments), stdout=out)
    return out.getvalue()


def databases() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.usefixtures("installed")
def test_a_subject_of_an_app_is_a_subcommand(folder: Path, settings: Any) -> None:
    given = dict(settings.SHOPRECO)
    figures = folder / "figures.json"

    printed = evaluate("titles", folder, "--sample=7", "--backwards", "--json", figures)

    assert printed == "7 of 7 titles find their product\n"
    # Its settings are those of the scratch process alone.
    assert json.loads(figures.read_text()) == {"found": 7, "asked": 7, "dimension": 48}
    assert given == settings.SHOPRECO
    assert ScratchDatabase.of("titles", folder).name not in databases()


@pytest.mark.usefixtures("installed")
def test_it_checks_its_arguments_before_a_database_is_made(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="has none of corpus"):
        evaluate("titles", tmp_path)
    assert ScratchDatabase.of("titles", tmp_path).name not in databases()


def test_without_the_app_there_is_no_such_subject(folder: Path) -> None:
    with pytest.raises(CommandError, match="invalid choice: 'titles'"):
        evaluate("titles", folder)


def test_two_subjects_of_one_name_are_refused() -> None:
    class Another(TitlesSubject):
        name = "search"

    with pytest.raises(ConfigurationError, match="two of the evaluation subject 'search'"):
        SUBJECTS.register(Another.name, Another())
