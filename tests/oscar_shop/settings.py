"""A shop of django-oscar on the servers of the tests."""

from oscar.defaults import *  # noqa: F403 (what oscar's settings are)

from tests.settings import (
    CACHES,
    CELERY_BROKER_URL,
    DATABASES,
    EMBEDDED,
    SECRET_KEY,
    TEST_DIR,
)

__all__ = ["CACHES", "CELERY_BROKER_URL", "EMBEDDED", "SECRET_KEY"]

DATABASES = {"default": DATABASES["default"] | {"NAME": "shopreco_oscar"}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
OSCAR_APPS = "analytics checkout address shipping communication partner basket payment"
OSCAR_APPS += " offer order customer voucher wishlists dashboard"
DASHBOARDS = "reports users orders catalogue offers partners pages ranges reviews vouchers"
DASHBOARDS += " communications shipping"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sites",
    "django.contrib.flatpages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "shopreco",
    "shopreco.contrib.oscar",
    "oscar.config.Shop",
    "shopreco.contrib.oscar.apps.CatalogueConfig",
    "shopreco.contrib.oscar.apps.SearchConfig",
    *(f"oscar.apps.{each}.apps.{each.title()}Config" for each in OSCAR_APPS.split()),
    "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    *(
        f"oscar.apps.dashboard.{each}.apps.{each.title()}DashboardConfig"
        for each in DASHBOARDS.split()
    ),
    "widget_tweaks",
    "haystack",
    "treebeard",
    "django_tables2",
    "rest_framework",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]
ROOT_URLCONF = "tests.oscar_shop.urls"
LANGUAGE_CODE = "en"
SITE_ID = 1
USE_TZ = True
STATIC_URL = "/static/"
MEDIA_ROOT = TEST_DIR / "oscar"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oscar.apps.search.context_processors.search_form",
                "oscar.apps.checkout.context_processors.checkout",
                "oscar.apps.communication.notifications.context_processors.notifications",
                "oscar.core.context_processors.metadata",
            ],
        },
    },
]
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
AUTHENTICATION_BACKENDS = ["oscar.apps.customer.auth_backends.EmailBackend"]
OSCAR_INITIAL_ORDER_STATUS = OSCAR_INITIAL_LINE_STATUS = "Pending"
OSCAR_ORDER_STATUS_PIPELINE = OSCAR_LINE_STATUS_PIPELINE = {
    "Pending": ("Paid", "Cancelled"),
    "Paid": ("Cancelled",),
    "Cancelled": (),
}
OSCAR_THUMBNAILER = "tests.oscar_shop.thumbnails.Unscaled"
SHOPRECO = {
    "CONSENT": "tests.oscar_shop.consent.allowed",
    "TEXT_ENCODER": {"CLASS": "shopreco.encoders.HashingEncoder"},
    "QUERY_DEADLINE": 30.0,
    "ARTEFACT_DIR": TEST_DIR / "artefacts-of-oscar",
}
