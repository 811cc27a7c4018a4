"""Settings of a scratch process: shopreco and a shop of its own, in a database of their own.

The command that starts the process describes the host's connection in the environment; see
`shopreco.evaluation.scratch.database`. The host's apps are not here, so none of its tables is touched.
"""

from __future__ import annotations

import json
import os

from django.core.management.utils import get_random_secret_key

_host = json.loads(os.environ.get("SHOPRECO_SCRATCH", "{}"))

SECRET_KEY = get_random_secret_key()
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.postgres",
    *_host.get("apps", ["shopreco", "shopreco.evaluation.scratch.corpus"]),
]
DATABASES = {"default": _host.get("database", {})}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = _host.get("language", "en")
USE_TZ = True
SHOPRECO = _host.get("shopreco", {})
# Every query is timed as if it had never been asked before.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
