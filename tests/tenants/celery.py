from __future__ import annotations

from django.conf import settings
from tenant_schemas_celery.app import CeleryApp

app = CeleryApp("tenants", set_as_current=True)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(lambda: list(settings.INSTALLED_APPS))


@app.on_after_finalize.connect
def schedule_periodic_tasks(sender: CeleryApp, **kwargs: object) -> None:
    from shopreco.tasks import beat_schedule

    # Every second, for the tests.
    schedule = beat_schedule()
    schedule["shopreco-sweep"]["schedule"] = 1
    sender.conf.beat_schedule |= schedule
