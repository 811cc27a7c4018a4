from __future__ import annotations

from shopreco.evaluation.subjects import SUBJECTS
from shopreco.management.scratch import SubjectCommand


class Command(SubjectCommand):
    help = (
        "Measure search on a BEIR folder, beside PostgreSQL's full-text search, BM25 and exact "
        "cosine, what pictures or the knowledge graph bring, or how often the next item of a "
        "visitor is found. Works in a scratch database on the configured server, which is kept for "
        "the next run on the same data; the shop's own tables are not touched."
    )
    name = "shopreco_evaluate"
    subjects = SUBJECTS
