"""Those of the tests, with the app, on databases of their own."""

from tests.settings import *  # noqa: F403 (a variation of them)
from tests.settings import CACHES, DATABASES, INSTALLED_APPS, TEST_DIR

for _alias, _database in DATABASES.items():
    _database["NAME"] = "shopreco_extension" + ("_shop" if _alias == "shop" else "")
INSTALLED_APPS = [*INSTALLED_APPS, "tests.extension"]
CACHES = {"default": CACHES["default"] | {"KEY_PREFIX": "extension"}}
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": "extension:"}
MEDIA_ROOT = TEST_DIR / "extension"
EXTENSION_PINS: dict[str, str] = {}
