"""The tables of system checks."""

from __future__ import annotations

import re
from pathlib import Path

from devtools.reference.markdown import table

PACKAGE = Path(__file__).resolve().parent.parent.parent / "shopreco"
CHECKS = {
    "E001": "`SHOPRECO` has a key that is no setting.",
    "E002": "A value has the wrong type, or is none that its option takes.",
    "E003": "A setting of an earlier release was removed.",
    "E004": "Tenants share the tables of shopreco, but not the products that are in them.",
    "W001": "There is a proxy, and `NUM_PROXIES` is not set: rates count all visitors as one.",
    "E007": "A path in `reindex_on` ends with a star, and its last step climbs no tree.",
    "E008": "A `Relation` is weighed by a field of rows that its source does not follow.",
    "E009": "A facet has the name of a filter that every shop has.",
    "E010": "The catalogue has no `model`.",
    "E011": "A source, or a path in `reindex_on`, does not exist on the model.",
    "E012": "The model has a composite primary key.",
    "E013": "The model's key may be longer than can be indexed.",
    "E014": "The catalogue has no title.",
    "E015": "A declaration that may occur once occurs more often.",
    "E016": "`Parent` points to another model than the catalogue's own.",
    "E017": "A `Relation` leads to another model than the catalogue's own.",
    "E018": "A `Relation` has a code that is no single word.",
    "E019": "A `Visibility` is declared, and no `get_visibility` says who sees it.",
    "E020": "An extension is missing on the server, too old, or in a schema that is not searched.",
    "E021": "The database does not answer.",
    "W010": "A path goes through a method, and `reindex_on` names nothing that it reads.",
    "W011": "Neither the catalogue nor `LANGUAGE_CODE` says which language its texts are in.",
    "W012": "A path ends in a method on rows of a tree, which `reindex_on` does not climb.",
    "W020": "Pictures or videos are decoded where the system cannot confine the decoder.",
    "W021": "The database has a pgvector with known faults.",
}


def checks_between(first: str, last: str) -> str:
    """The table of system checks; an id that is only here or only in the code is an error."""
    own = (*PACKAGE.glob("conf/*.py"), PACKAGE / "checks.py")
    texts = [path.read_text("utf-8") for path in (*own, *PACKAGE.glob("catalogues/*.py"))]
    used = {id for text in texts for id in re.findall(r'"(?:shopreco\.)?([EW]\d{3})"', text)}
    if used != set(CHECKS):
        raise SystemExit(f"CHECKS and the code differ: {sorted(used ^ set(CHECKS))}")
    ids = [id for id in sorted(used) if first <= f"E{id[1:]}" <= last]
    rows = [(f"`shopreco.{id}`", CHECKS[id]) for id in ids]
    return table(("id", "what is wrong"), *rows)
