"""Embedded servers: run PostgreSQL and Valkey from Python packages, for the demo and the tests.

Both listen on a Unix socket inside their own directory and nowhere else, so an address follows
from a directory alone: settings can name it before the server runs, two checkouts never meet,
and no other user of the machine gets in.

    servers = EmbeddedServers(Path(".demo"))
    servers.postgresql.start()          # unless it runs already
    servers.database_url("shop"), servers.broker_url, servers.cache_url
    servers.stop()

A server that outlived its owner (SIGKILL, power cut) is found by its socket and used again; a
pid file without its process is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from devtools.postgresql import PostgreSQL
from devtools.valkey import Valkey


@dataclass
class EmbeddedServers:
    """Both servers below one directory, and their addresses, which are known before they run."""

    directory: Path
    durable: bool = True

    def __post_init__(self) -> None:
        self.postgresql = PostgreSQL(self.directory / "postgresql", durable=self.durable)
        self.valkey = Valkey(self.directory / "valkey")

    def database_url(self, database: str) -> str:
        return self.postgresql.url(database)

    @property
    def broker_url(self) -> str:
        return f"redis+socket://{quote(str(self.valkey.socket))}?virtual_host=0"

    @property
    def cache_url(self) -> str:
        return f"unix://{quote(str(self.valkey.socket))}?db=1"

    def stop(self) -> None:
        """Stop both servers, even if one does not stop. Raises what that one raised."""
        try:
            self.postgresql.stop()
        finally:
            self.valkey.stop()
