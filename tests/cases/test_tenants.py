"""A platform of shops by django-tenants, in a process with settings of its own."""

from __future__ import annotations

import os
import subprocess
import sys

from demo_shop.embedded import EmbeddedServers
from tests.conftest import ROOT


def test_with_django_tenants_every_shop_has_its_own(servers: EmbeddedServers) -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "tests/tenants/cases.py", "-q"),
            *("--ds=tests.tenants.settings", "-p", "no:cacheprovider", "-p", "no:xdist"),
        ],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.tenants.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
