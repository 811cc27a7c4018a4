"""Write the reference pages of `devtools.reference`: `python docs/generate.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import django
from django.conf import settings

FOLDER = Path(__file__).resolve().parent


def main() -> None:
    sys.path.insert(0, str(FOLDER.parent))
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": "not connected to"}
    apps = [*(f"django.contrib.{app}" for app in ("contenttypes", "auth", "admin")), "shopreco"]
    settings.configure(DATABASES={"default": database}, INSTALLED_APPS=apps)
    django.setup()
    from devtools.reference import PAGES

    for name, make in PAGES.items():
        (FOLDER / "reference" / name).write_text(make(), encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
