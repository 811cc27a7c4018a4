"""Beats: what Celery's beat sends at set times, by name. Apps add theirs in `AppConfig.ready`.

    beats.register("assistant-forget", {"task": "assistant.tasks.forget", "schedule": 3600})

`shopreco.tasks.beat_schedule` gives them to the host. A name begins with that of its app.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shopreco.registries import Registry

beats = Registry[Mapping[str, Any]]("beat")
"""Entries as Celery's `beat_schedule` has them: `task`, `schedule`, `args`, …"""
