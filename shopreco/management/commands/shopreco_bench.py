from __future__ import annotations

from shopreco.evaluation.benchmarks.subjects import BENCHMARKS
from shopreco.management.scratch import SubjectCommand


class Command(SubjectCommand):
    help = (
        "Measure what indexing costs beyond the bare encoding of the same texts, where the time "
        "of a search goes, what the vector indexes find, what a change of weights costs, what the "
        "saves of a shop cost more, and how long its category pages take. Works in scratch "
        "databases on the configured server."
    )
    name = "shopreco_bench"
    subjects = BENCHMARKS
