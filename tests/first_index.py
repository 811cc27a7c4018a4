"""The first index of the demo's catalogue, as `make demo` makes it: what is encoded, and the time.

    DEMO_DIR=/tmp/first python -m tests.first_index [--json FILE]

works in a database of its own on the embedded server of DEMO_DIR, where pictures and videos are
kept for the next time. The run is worked on in this process by one thread, as it is by the demo's
worker. Encodings are counted where they are made, at the encoders.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django

DATABASE = "first_index"


@dataclass
class Meter:
    """Seconds and calls of stages, each without the stages inside it, and what was encoded."""

    seconds: Counter[str] = field(default_factory=Counter)
    cpu: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    encoded: Counter[str] = field(default_factory=Counter)
    distinct: dict[str, set[Any]] = field(default_factory=dict)
    _inner: list[list[float]] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started, cpu = time.perf_counter(), time.process_time()
        self._inner.append([0.0, 0.0])
        try:
            yield
        finally:
            passed, used = time.perf_counter() - started, time.process_time() - cpu
            inner, inner_cpu = self._inner.pop()
            self.seconds[name] += passed - inner
            self.cpu[name] += used - inner_cpu
            self.calls[name] += 1
            if self._inner:
                self._inner[-1][0] += passed
                self._inner[-1][1] += used

    def around(self, owner: Any, name: str, stage: str | Callable[..., str]) -> None:
        """Measure a function or method from now on, if it is there."""
        original = getattr(owner, name, None)
        if original is None:
            return

        @functools.wraps(original)
        def measured(*args: Any, **kwargs: Any) -> Any:
            label = stage if isinstance(stage, str) else stage(*args)
            with self.stage(label):
                return original(*args, **kwargs)

        setattr(owner, name, measured)

    def encoding(self, encoder: Any, things: Any) -> str:
        """Count what an encoder is given, by the modality that it is for."""
        modality = _modality()
        keys = [each if isinstance(each, str) else each.tobytes() for each in things]
        self.encoded[modality] += len(keys)
        self.distinct.setdefault(modality, set()).update(map(hash, keys))
        return f"encode {modality}"


def _modality() -> str:
    """From the callers: a source with a modality, or the nodes of the graph."""
    frame = sys._getframe(2)
    while frame is not None:
        if "node" in frame.f_code.co_name:
            return "node label"
        if modality := getattr(frame.f_locals.get("source"), "modality", ""):
            return str(modality)
        frame = frame.f_back  # type: ignore[assignment]  # the outermost has none
    return "other"


def install(meter: Meter) -> None:
    """Measure the stages of a run. What a build does not have is left out."""
    from shopreco.catalogues import Catalogue
    from shopreco.encoders import EfficientNetEncoder, SentenceTransformerEncoder
    from shopreco.graph import edges, extraction, neighbourhoods
    from shopreco.indexing import (
        alignments,
        items,
        lexicon,
        modality_vectors,
        node_vectors,
        propagation,
        reindex,
        spaces,
    )
    from shopreco.media import Decoder
    from shopreco.spaces import sources

    meter.around(SentenceTransformerEncoder, "encode_documents", meter.encoding)
    meter.around(EfficientNetEncoder, "encode_images", meter.encoding)
    meter.around(Decoder, "picture", "decode pictures")
    meter.around(Decoder, "frames", "decode videos")
    meter.around(Catalogue, "document", "read documents")
    meter.around(sources, "encoder_of", "load encoders")
    meter.around(lexicon, "terms_of", "analyse words")
    meter.around(lexicon, "write_entries", "write words")
    meter.around(items, "write", "write items")
    meter.around(modality_vectors, "write_vectors", "write vectors")
    meter.around(edges, "update_edges", "graph: edges")
    meter.around(neighbourhoods, "neighbourhoods", "graph: neighbourhoods")
    meter.around(propagation, "propagate_links", "graph: propagation")
    meter.around(extraction, "learn_values", "graph: values")
    meter.around(node_vectors, "encode_nodes", "graph: nodes")
    meter.around(alignments, "align", "align pictures")
    meter.around(spaces, "fuse_what_awaits", "fuse what awaits")
    meter.around(spaces, "export_query_encoders", "export query encoders")
    meter.around(spaces, "build_indexes", "build vector indexes")
    meter.around(spaces, "calibrate", "calibrate")
    meter.around(reindex, "enumerate_objects", "enumerate")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.first_index", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--products", type=int, metavar="N", help="about so many instead of all")
    given = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "demo_shop.settings"
    from devtools.embedded import EmbeddedServers

    servers = EmbeddedServers(Path(os.environ["DEMO_DIR"]))
    servers.postgresql.start()
    servers.valkey.start()
    try:
        with servers.postgresql.connect() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        servers.postgresql.create_database(DATABASE)
        # What an earlier first index exported, this one has to export again.
        shutil.rmtree(Path(os.environ["DEMO_DIR"]) / "artefacts", ignore_errors=True)
        os.environ["DATABASE_URL"] = servers.database_url(DATABASE)
        django.setup()
        figures = measured(given.products)
    finally:
        from django.db import connections

        connections.close_all()
        servers.stop()
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2))
    return 0


def measured(products: int | None) -> dict[str, Any]:
    from django.core.management import call_command
    from django.db.models import Q

    from demo_shop.models import Product
    from shopreco import services

    call_command("migrate", interactive=False, verbosity=0)
    call_command("load_demo", verbosity=0)
    if products:
        kept = Product.objects.top_level().order_by("pk").values("pk")[: products // 2]
        Product.objects.exclude(Q(pk__in=kept) | Q(parent__in=kept)).delete()
    meter = Meter()
    install(meter)
    totals: list[int] = []
    started, cpu = time.perf_counter(), time.process_time()
    with meter.stage("the rest"):
        run = services.run_inline(
            services.reindex("demo_shop.product"), lambda run: totals.append(run.total)
        )
    seconds, used = time.perf_counter() - started, time.process_time() - cpu
    items = Product.objects.live().count()
    say(f"{items} items, run {run.state}, encoded {run.encoded}, total {run.total}")
    say(f"{seconds:.1f} s, of which this process computed {used:.1f} s")
    grew = [total for total, before in zip(totals[1:], totals, strict=False) if total > before]
    say(f"the total grew {len(grew)} times after the first batch")
    for name in meter.encoded:
        say(
            f"encodings of {name}: {meter.encoded[name]}, different {len(meter.distinct[name])}, "
            f"{meter.encoded[name] / items:.2f} an item"
        )
    say(f"{'seconds':>8} {'cpu':>7} {'calls':>6}")
    for name, spent in meter.seconds.most_common():
        say(f"{spent:8.2f} {meter.cpu[name]:7.2f} {meter.calls[name]:6} {name}")
    return {
        "items": items,
        "seconds": seconds,
        "cpu_seconds": used,
        "run": {"encoded": run.encoded, "total": run.total, "totals": totals},
        "encoded": dict(meter.encoded),
        "different": {name: len(each) for name, each in meter.distinct.items()},
        "stages": dict(meter.seconds),
    }


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
