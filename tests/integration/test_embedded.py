"""The embedded servers of demo and tests, started, killed and started again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from kombu import Connection

from devtools.embedded import EmbeddedServers
from devtools.postgresql import PostgreSQL


@pytest.fixture
def embedded(server_directory: Path, request: pytest.FixtureRequest) -> Iterator[EmbeddedServers]:
    servers = EmbeddedServers(server_directory / request.node.name, durable=False)
    yield servers
    servers.stop()


def postmaster(server: PostgreSQL) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def test_starting_twice_starts_once(embedded: EmbeddedServers) -> None:
    assert embedded.postgresql.start()
    assert embedded.valkey.start()
    again = EmbeddedServers(embedded.directory, durable=False)
    assert not again.postgresql.start()
    assert not again.valkey.start()
    again.stop()
    assert not embedded.postgresql.is_running()
    assert not embedded.valkey.is_running()
    again.stop()


def test_the_addresses_work(embedded: EmbeddedServers) -> None:
    embedded.postgresql.start()
    embedded.postgresql.create_database("shop")
    embedded.postgresql.create_database("shop")
    with embedded.postgresql.connect("shop") as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute("CREATE EXTENSION pg_trgm")
        (answer,) = connection.execute("SELECT lower('ÄPFEL'), '[1]'::vector <#> '[2]'").fetchall()
        assert answer == ("äpfel", -2.0)
    embedded.valkey.start()
    with Connection(embedded.broker_url) as broker:
        broker.ensure_connection(max_retries=1)


def test_a_killed_server_starts_again_with_its_data(embedded: EmbeddedServers) -> None:
    server = embedded.postgresql
    server.start()
    with server.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(postmaster(server), signal.SIGKILL)
    assert server.start()
    with server.connect() as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_pid_file_that_names_another_process_is_no_obstacle(embedded: EmbeddedServers) -> None:
    server = embedded.postgresql
    server.start()
    content = (server.data / "postmaster.pid").read_text()
    pid = postmaster(server)
    server.stop()
    (server.data / "postmaster.pid").write_text(content.replace(str(pid), str(os.getpid()), 1))
    server.stop()
    assert psutil.pid_exists(os.getpid())
    assert server.start()


def test_an_unfinished_cluster_is_made_anew(embedded: EmbeddedServers) -> None:
    unfinished = embedded.postgresql.directory / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18")
    assert embedded.postgresql.start()


def test_a_restart_breaks_connections_and_keeps_the_address(embedded: EmbeddedServers) -> None:
    server = embedded.postgresql
    server.start()
    before = postmaster(server)
    server.restart()
    assert server.is_running()
    assert postmaster(server) != before


@pytest.mark.parametrize("name", ["a folder, 100% mine's", "long" * 40])
def test_any_directory_will_do(server_directory: Path, name: str) -> None:
    servers = EmbeddedServers(server_directory / name, durable=False)
    try:
        servers.postgresql.start()
        servers.valkey.start()
        servers.postgresql.create_database("shop")
        with Connection(servers.broker_url) as broker:
            broker.ensure_connection(max_retries=1)
    finally:
        servers.stop()
    assert not servers.postgresql.socket_directory.exists()
    assert not servers.valkey.socket.parent.exists()
