"""Settings of a scratch process: shopreco and a shop of its own, in a database of their own.

All of them come from the `ScratchConfiguration` in the environment. The host's apps are not here,
so none of its tables is touched.
"""

from __future__ import annotations

from django.core.management.utils import get_random_secret_key

from shopreco.evaluation.scratch.configuration import ScratchConfiguration

_configuration = ScratchConfiguration.from_environment()

SECRET_KEY = get_random_secret_key()
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.postgres",
    *_configuration.apps,
]
DATABASES = {"default": {**_configuration.database, "CONN_MAX_AGE": None}}
# Of what a benchmark serves.
ROOT_URLCONF = "shopreco.evaluation.benchmarks.event_views"
ALLOWED_HOSTS = ["127.0.0.1"]
REST_FRAMEWORK = {"DEFAULT_THROTTLE_RATES": {"shopreco-events": None}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = _configuration.language
USE_TZ = True
SHOPRECO = dict(_configuration.shopreco)
# Every query is timed as if it had never been asked before.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
