"""The how-to for django-oscar, in a process with settings of its own."""

from __future__ import annotations

import os
import subprocess
import sys

from demo_shop.embedded import EmbeddedServers
from tests.conftest import ROOT


def test_a_shop_of_django_oscar_is_searched_without_a_line_of_it_changed(
    servers: EmbeddedServers,
) -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "tests/oscar_shop/cases.py", "-q"),
            *("--ds=tests.oscar_shop.settings", "-p", "no:cacheprovider", "-p", "no:xdist"),
            *("-W", "default"),
        ],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.oscar_shop.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
