"""The shop's Celery application: `celery -A demo_shop worker`, `celery -A demo_shop beat`."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo_shop.settings")

app = Celery("demo_shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def schedule_periodic_tasks(sender: Celery, **kwargs: object) -> None:
    from shopreco.tasks import beat_schedule

    sender.conf.beat_schedule |= beat_schedule()
