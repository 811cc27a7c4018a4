"""What a web process carries: the real query encoder, no torch, no pictures, little memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo_shop.models import Product
from shopreco.models import EmbeddingSpace
from tests.helpers.demo import CATALOGUE
from tests.helpers.photos import fill
from tests.helpers.processes import Process

LIMIT_MB = 300
HEAVY = ("torch", "transformers", "sentence_transformers", "onnx", "PIL", "av")

MARKING = {"descendants", "marks", "outbox", "index_runs", "signals", "watches"}
"""Of `shopreco.indexing`: what marks saved objects, and the names of kinds of runs."""

IMAGES = {"IMAGE_ENCODER": {"CLASS": "shopreco.encoders.EfficientNetEncoder"}}
PHOTOS = {
    "web": {"PHOTO_ENCODER": "web", "PHOTO_DEADLINE": 20.0},
    "worker": {"PHOTO_ENCODER": "worker", "PHOTO_DEADLINE": 20.0},
}
"""Settings under which photos are encoded in the web process, where no worker is, and by one."""

SERVE = """
import json, sys
import django
from django.conf import settings
product, picture, changed = sys.argv[1:]
settings.SHOPRECO |= json.loads(changed)
django.setup()
import psutil
from shopreco.catalogues import get_catalogues, unregister
for catalogue in get_catalogues():
    if catalogue.name != "demo_shop.product":  # those of the hostile host are not indexed here
        unregister(catalogue.name)
from django.test import Client
from django.core.wsgi import get_wsgi_application
get_wsgi_application()
client = Client()
answers = [
    client.get(path, asked, headers={"host": "localhost"})
    for path, asked in [
        ("/shopreco/health/ready", {}),
        ("/shopreco/search/", {"q": "lamp for my desk", "facets": "*"}),
        ("/shopreco/autocomplete/", {"q": "desk"}),
        (f"/shopreco/similar/{product}/", {}),
        ("/shopreco/blocks/product-similar/", {"id": product}),
    ]
]
with open(picture, "rb") as photo:
    asked = {"image": photo, "q": "for my desk"}
    answers.append(client.post("/shopreco/search/image", asked, headers={"host": "localhost"}))
print("ANSWER", json.dumps({
    "statuses": [answer.status_code for answer in answers],
    "search": answers[1].json(),
    "photo": answers[-1].json(),
    "imported": sorted(name for name in sys.modules if "." not in name),
    "writers": sorted(name for name in sys.modules if name.startswith("shopreco.indexing.")),
    "schemas": sorted(name for name in sys.modules if name.startswith("drf_spectacular.open")),
    "megabytes": psutil.Process().memory_info().rss / 2**20,
}))
"""


@pytest.fixture
def _shop_indexed_elsewhere(start_process: Callable[..., Process], artefacts: Path) -> None:
    """Indexed with the default model by a process of its own, as workers do."""
    fill()
    index = f"""
import django
from django.conf import settings
del settings.SHOPRECO["TEXT_ENCODER"]
settings.SHOPRECO |= {IMAGES | PHOTOS["web"] | {"ARTEFACT_DIR": str(artefacts)}!r}
django.setup()
from shopreco import services
run = services.run_inline(services.reindex({CATALOGUE!r}))
print("STATE", run.state, run.error)
"""
    process = start_process("-c", index)
    process.popen.wait(timeout=300)
    assert "STATE done" in process.log, process.log


@pytest.mark.slow
@pytest.mark.usefixtures("_shop_indexed_elsewhere")
def test_a_web_process_stays_small_and_knows_no_torch(
    start_process: Callable[..., Process], start_worker: Callable[..., Process], artefacts: Path
) -> None:
    lamp = Product.objects.get(title="Lamp number 0 in red")
    assert_small(start_process, lamp, PHOTOS["web"] | {"ARTEFACT_DIR": str(artefacts)})
    start_worker().wait_for_log(f"ready for photos of {CATALOGUE}")
    assert_small(start_process, lamp, PHOTOS["worker"] | {"ARTEFACT_DIR": str(artefacts)})


def assert_small(
    start_process: Callable[..., Process], lamp: Product, options: dict[str, Any]
) -> None:
    """Have a process serve every kind of answer, and look at what it has imported."""
    changed = json.dumps(IMAGES | options)
    process = start_process("-c", SERVE, str(lamp.pk), lamp.image.path, changed)
    process.popen.wait(timeout=120)
    line = next((line for line in process.log.splitlines() if line.startswith("ANSWER ")), "")
    assert line, process.log
    answer = json.loads(line.removeprefix("ANSWER "))
    assert answer["statuses"] == [200] * 6
    assert answer["search"]["degraded"] == []
    assert "dense" in answer["search"]["results"][0]["parts"]
    assert answer["photo"]["degraded"] == []
    assert {"dense", "looks", "lexical"} == set(answer["photo"]["results"][0]["parts"])
    assert EmbeddingSpace.objects.get().encoder["CLASS"].endswith("SentenceTransformerEncoder")
    assert "onnxruntime" in answer["imported"]
    assert not set(HEAVY) & set(answer["imported"])
    assert {name.removeprefix("shopreco.indexing.") for name in answer["writers"]} <= MARKING
    assert not answer["schemas"]
    assert answer["megabytes"] < LIMIT_MB
