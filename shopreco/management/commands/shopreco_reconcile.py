from __future__ import annotations

from shopreco.management.commands.shopreco_reindex import Command as ReindexCommand


class Command(ReindexCommand):
    help = (
        "Find and repair what the index missed: bulk_create, update(), raw SQL, lost messages. "
        "It is the same pass as shopreco_reindex, under the name that cron jobs look for."
    )
