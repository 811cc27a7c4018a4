"""The short form of the ordeal: see `tests.ordeal`, which also runs for as long as you like."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo_shop.embedded import EmbeddedServers
from tests.ordeal import Ordeal, Plan

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.skipif("CELERY_BROKER_URL" in os.environ, reason="the broker is not ours to stop"),
]

SHORT = Plan(seconds=20, baseline_seconds=3, products=80, processes=5, threads=2, sweep_seconds=5)


def test_nothing_is_lost_and_nothing_is_blocked(
    servers: EmbeddedServers,
    start_process: Callable[..., Any],
    start_worker: Callable[..., Any],
    tmp_path: Path,
) -> None:
    report = Ordeal(SHORT, tmp_path, start_process, start_worker).run()
    assert report.broken() == [], report.as_text()
