"""Tests that need a process with settings of their own."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.helpers.processes import ROOT


def run_cases(cases: str, settings: str, *options: str) -> None:
    """Run a file of tests under a settings module; its output is the failure's."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", cases, "-q", f"--ds={settings}"),
            *("-p", "no:cacheprovider", "-p", "no:xdist", *options),
        ],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
