from __future__ import annotations

from shopreco.evaluation.tunings import TUNINGS
from shopreco.management.scratch import SubjectCommand


class Command(SubjectCommand):
    help = (
        "Choose settings on a judged set or on clicks. Works in a scratch database on the "
        "configured server, which is kept for the next run on the same folder; the shop's own "
        "tables are not touched."
    )
    name = "shopreco_tune"
    subjects = TUNINGS
