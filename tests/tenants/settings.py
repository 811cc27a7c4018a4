"""Those of the tests, with a schema for each shop."""

from tests.settings import *  # noqa: F403 (a variation of them)
from tests.settings import CACHES, DATABASES, MIDDLEWARE, TEST_DIR

_own = {"ENGINE": "django_tenants.postgresql_backend", "NAME": "shopreco_tenants"}
DATABASES = {"default": DATABASES["default"] | _own}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]

TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
SHARED_APPS = ["django_tenants", "tests.tenants", "django.contrib.contenttypes"]
TENANT_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin",
    "django.contrib.postgres",
    "demo_shop",
    "shopreco",
]
INSTALLED_APPS = [
    *SHARED_APPS,
    *(app for app in TENANT_APPS if app not in SHARED_APPS),
    "rest_framework",
    "drf_spectacular",
    "csp",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
]
MIDDLEWARE = ["django_tenants.middleware.main.TenantMainMiddleware", *MIDDLEWARE]
CACHES = {"default": CACHES["default"] | {"KEY_PREFIX": "tenants"}}
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": "tenants:"}
SHOPRECO = {
    "TEXT_ENCODER": {"CLASS": "shopreco.encoders.HashingEncoder"},
    "QUERY_DEADLINE": 30.0,
    "ARTEFACT_DIR": TEST_DIR / "artefacts-of-tenants",
    "LEASE_SECONDS": 3,
}
