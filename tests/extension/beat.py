from __future__ import annotations

STOCKTAKE = {"task": "tests.extension.tasks.stocktake", "schedule": 3600.0}
