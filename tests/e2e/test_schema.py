"""A store that a newer program wrote is left alone."""

from __future__ import annotations

import pytest

from support.daemon import Daemon
from support.oracle import Oracle
from support.stack import Stack
from support.wait import wait_until


@pytest.mark.parametrize("name", ["aggregator", "alerter"])
def test_an_older_program_refuses_a_newer_store(
    stack: Stack, oracle: Oracle, name: str
) -> None:
    database = oracle.client["from_the_future"]
    database.meta.insert_one({"_id": "schema", "version": 99})
    try:
        with Daemon(stack, name, MONGO_DB=database.name) as older:
            older.start(wait_ready=False)
            wait_until(lambda: older.exited, 20, older.tail)
            assert older.process and older.process.returncode == 1
            assert "the store has schema version 99, this program knows 1" in older.tail()
        assert database.list_collection_names() == ["meta"]
    finally:
        oracle.client.drop_database(database)
