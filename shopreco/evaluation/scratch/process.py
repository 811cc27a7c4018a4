"""Scratch processes: a management command that sees a scratch database and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence

from django.conf import settings

from shopreco.evaluation.scratch.configuration import ScratchConfiguration

SETTINGS_MODULE = "shopreco.evaluation.scratch.settings"


def in_scratch() -> bool:
    """Whether this process was started by `run_in_scratch`."""
    return settings.SETTINGS_MODULE == SETTINGS_MODULE


def run_in_scratch(
    configuration: ScratchConfiguration, arguments: Sequence[str], write: Callable[[str], object]
) -> int:
    """Run a management command in a scratch process; `write` gets its output line by line.

    Standard error, with progress bars, goes where ours goes. Returns the exit status.
    """
    environment = {
        **os.environ,
        **configuration.as_environment(),
        "DJANGO_SETTINGS_MODULE": SETTINGS_MODULE,
        # Encoders and analysers of the host are found where the host finds them.
        "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path),
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "django", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        for line in process.stdout or ():
            write(line)
    return process.returncode
