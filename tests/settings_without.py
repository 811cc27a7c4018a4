"""The same shop before shopreco is installed: whether a save works then, and what it costs."""

from tests.settings import *  # noqa: F403 (a variation of them)
from tests.settings import INSTALLED_APPS

OURS = {
    "shopreco",
    "rest_framework",
    "drf_spectacular",
    "tests.testapp",
    # Looks for the admin pages of the shop, which are made of shopreco's.
    "django.contrib.admin",
}
INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in OURS]
INSTALLED_APPS += ["django.contrib.admin.apps.SimpleAdminConfig"]
