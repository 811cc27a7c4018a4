"""What `pip install shopreco` puts on a machine."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
HEAVY = ("torch", "sentence-transformers", "transformers", "onnx")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    finished = subprocess.run(
        [*command, "--no-build-isolation", "--wheel-dir", str(directory), str(ROOT)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    (path,) = directory.glob("shopreco-*-py3-none-any.whl")
    return zipfile.ZipFile(path)


def requirement_name(requirement: str) -> str:
    return re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0].lower()


def test_the_wheel_contains_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"shopreco"}
    caches = [name for name in wheel.namelist() if "__pycache__" in name or name.endswith(".pyc")]
    assert caches == []


def test_the_wheel_contains_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "shopreco").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files == {name for name in wheel.namelist() if name.startswith("shopreco/")}


@pytest.mark.parametrize(
    "pattern",
    [
        r"shopreco/py\.typed",
        r"shopreco/migrations/0001_\w+\.py",
        r"shopreco/templates/shopreco/.+\.html",
        r"shopreco/templates/admin/shopreco/.+\.html",
        r"shopreco/static/shopreco/.+\.js",
        r"shopreco/static/shopreco/.+\.css",
        r"shopreco/locale/zh_Hans/LC_MESSAGES/django\.mo",
        r"shopreco/management/commands/shopreco_\w+\.py",
    ],
)
def test_the_wheel_contains_what_is_not_code(wheel: zipfile.ZipFile, pattern: str) -> None:
    assert any(re.fullmatch(pattern, name) for name in wheel.namelist())


def test_the_core_installation_needs_no_torch(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = Parser().parsestr(wheel.read(name).decode())
    requirements = metadata.get_all("Requires-Dist") or []
    core = {requirement_name(each) for each in requirements if "extra ==" not in each}
    assert "django" in core
    assert core.isdisjoint(HEAVY)
    assert metadata["License-Expression"] == "Apache-2.0"
    extras = set(metadata.get_all("Provides-Extra") or [])
    assert {"worker", "embedded", "zh", "evaluation", "dev", "demo"} <= extras


def test_every_requirement_is_pinned_exactly() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)] == []
    pinned = {re.sub(r"[-_.]+", "-", pin.split("==")[0]).lower() for pin in pins}
    wanted = chain(project["dependencies"], *project["optional-dependencies"].values())
    names = {re.sub(r"[-_.]+", "-", requirement_name(each)) for each in wanted}
    assert names - pinned == set()
