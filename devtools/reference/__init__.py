"""The reference pages that say what the code says.

Each page is a function that reads the package and returns Markdown. `python docs/generate.py`
writes them, and `tests/unit/test_docs.py` fails where a committed page differs.
"""

from __future__ import annotations

from collections.abc import Callable

from devtools.reference.catalogue import catalogue_page
from devtools.reference.commands import commands_page
from devtools.reference.errors import errors_page
from devtools.reference.public_api import public_api_page
from devtools.reference.services import services_page
from devtools.reference.settings import settings_page

PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "catalogue.md": catalogue_page,
    "commands.md": commands_page,
    "services.md": services_page,
    "errors.md": errors_page,
    "public-api.md": public_api_page,
}
