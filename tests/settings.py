"""Settings of the test suite: the demo shop and the hostile host on throw-away servers.

`DATABASE_URL` and `CELERY_BROKER_URL` name other servers; the default are embedded ones below a
temporary directory, started by `conftest.py` when the first test needs them.
"""

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

# Each process of a parallel test run has servers of its own, which tests may stop. Programs that
# the tests start inherit these variables, and so use the servers of the process that started them.
if os.environ.get("SHOPRECO_TEST_PROCESS") != os.environ.get("PYTEST_XDIST_WORKER", "main"):
    os.environ["SHOPRECO_TEST_PROCESS"] = os.environ.get("PYTEST_XDIST_WORKER", "main")
    os.environ["SHOPRECO_TEST_DIR"] = tempfile.mkdtemp(prefix="shopreco-tests-")
    Path(os.environ["SHOPRECO_TEST_DIR"], "owner").write_text(str(os.getpid()))
os.environ["DEMO_DIR"] = os.environ["SHOPRECO_TEST_DIR"]
os.environ["SECRET_KEY"] = "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import dj_database_url

from demo_shop.settings import *  # noqa: F403 (a variation of them)
from demo_shop.settings import CACHES, DATABASES, INSTALLED_APPS
from devtools.embedded import EmbeddedServers

TEST_DIR = Path(os.environ["SHOPRECO_TEST_DIR"])
EMBEDDED = EmbeddedServers(TEST_DIR, durable=False)
ALLOWED_HOSTS = ["*"]

# A second database, where the hostile host keeps some of its models.
DATABASES["shop"] = dj_database_url.parse(
    os.environ.get("SHOP_DATABASE_URL")
    or os.environ.get("DATABASE_URL", EMBEDDED.database_url("shop"))
)
if "SHOP_DATABASE_URL" not in os.environ and "DATABASE_URL" in os.environ:
    DATABASES["shop"]["NAME"] += "_shop"
# A replica of the first: the same database, unless a test makes it lag.
DATABASES["replica"] = {**DATABASES["default"], "TEST": {"MIRROR": "default"}}
for _database in DATABASES.values():
    _database.update(CONN_MAX_AGE=0, CONN_HEALTH_CHECKS=False)

if find_spec("tests.testapp") is not None:
    INSTALLED_APPS += ["tests.testapp"]
    if find_spec("tests.testapp.routers") is not None:
        DATABASE_ROUTERS = ["tests.testapp.routers.ShopRouter"]

# Parallel test processes share a broker that the environment names, but not its queues.
_process = os.environ["SHOPRECO_TEST_PROCESS"]
CACHES["default"]["KEY_PREFIX"] = _process
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": f"{_process}:"}

WHITENOISE_AUTOREFRESH = True  # looks for no collected files, which tests do not have
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# Vectors without a model, and leases short enough to wait for. Tests of a model name it. A busy
# machine may take longer to encode, and to read the graph, than a visitor waits.
SHOPRECO = {
    "TEXT_ENCODER": {"CLASS": "shopreco.encoders.HashingEncoder"},
    "IMAGE_ENCODER": {"CLASS": "tests.testapp.encoders.TileEncoder"},
    "ARTEFACT_DIR": TEST_DIR / "artefacts",
    "STYLESHEET": "",
    "QUERY_DEADLINE": 30.0,
    "LEASE_SECONDS": 3,
    "BATCH_SIZE": int(os.environ.get("SHOPRECO_TEST_BATCH_SIZE", "512")),
}
