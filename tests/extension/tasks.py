from __future__ import annotations

from celery import shared_task

from shopreco.catalogues import get_catalogues
from shopreco.runs import engine


@shared_task(ignore_result=True)
def stocktake() -> None:
    for catalogue in get_catalogues():
        run = engine.start("stocktake", catalogue=catalogue.name, subject="stock")
        engine.hand_over(run)
