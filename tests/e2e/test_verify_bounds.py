"""weirctl verify: ledgers against dead letters and readings, of which retention may have taken some.

What is compared is a copy of the dead letters, or of the database, so that nothing is spoilt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from pymongo.collection import Collection

from support.log import DLQ, RAW, Record, produce
from support.weirctl import Operator
from support.oracle import Oracle
from support.readings import now_ms, reading, rfc3339
from support.stack import Stack

EQUAL, DIFFERS = 0, 3
BIG = 16 << 20  # some letters are of records that hardly fit into the log
PARTITION = 5
HOUR = 3_600_000


@pytest.fixture
def operator(stack: Stack) -> Operator:
    return Operator(stack)


class Letters:
    """A topic of dead letters that a test makes up out of the real ones."""

    def __init__(self, stack: Stack, name: str, partitions: int) -> None:
        self.name = name
        self.admin = AdminClient({"bootstrap.servers": stack.kafka})
        topic = NewTopic(name, partitions, 1, config={"max.message.bytes": str(BIG)})
        self.admin.create_topics([topic])[name].result(30)
        self.producer = Producer({"bootstrap.servers": stack.kafka, "message.max.bytes": BIG})

    def fill(self, letters: list[Record], **changes: object) -> None:
        for r in letters:
            body = r.value if not changes else json.dumps(r.json | changes).encode()
            headers = list(r.headers.items())
            self.producer.produce(self.name, body, r.key, r.partition, headers=headers)
        assert self.producer.flush(30) == 0

    def remove(self, count: int) -> None:
        """The first records of PARTITION."""
        place = TopicPartition(self.name, PARTITION, count)
        self.admin.delete_records([place])[place].result(30)

    def drop(self) -> None:
        self.admin.delete_topics([self.name])[self.name].result(30)


@pytest.fixture
def poison(stack: Stack, oracle: Oracle, device: str) -> list[int]:
    """Offsets of poison in PARTITION, with good readings between."""
    messages = []
    for n in range(4):
        good = json.dumps(reading(device, now_ms() - HOUR + n)).encode()
        # one that can be read, and is dead all the same
        bad = json.dumps(reading(device, now_ms() + 24 * HOUR)) if n == 0 else f"poison {device} {n}"
        for value in (bad.encode(), good):
            messages.append({"key": device.encode(), "value": value, "partition": PARTITION})
    places = produce(stack.kafka, messages)
    oracle.wait_aggregated()
    return [offset for _, offset in places[::2]]


@pytest.fixture
def letters(stack: Stack, oracle: Oracle, poison: list[int], device: str) -> Iterator[Letters]:
    copy = Letters(stack, f"copy.{device}", len(oracle.log.partitions(DLQ)))
    yield copy
    copy.drop()


def is_of(letter: Record, partition: int, *offsets: int) -> bool:
    origin = letter.json["origin"]
    return origin["partition"] == partition and origin["offset"] in offsets


def dead(oracle: Oracle) -> int:
    return sum(row["dead"] for row in oracle.ledger().values())


def test_as_many_letters_as_dead_records(
    operator: Operator, stack: Stack, oracle: Oracle, poison: list[int], device: str
) -> None:
    (summary,) = operator.rows(EQUAL, "verify")
    assert summary["letters"] == dead(oracle) >= 4 and summary["unchecked"] == 0
    operator.must(EQUAL, "dlq", "replay", "--device", device)
    oracle.wait_aggregated()
    assert dead(oracle) == summary["letters"] + 4
    (summary,) = operator.rows(EQUAL, "verify")
    assert summary["letters"] == dead(oracle)
    assert f"{dead(oracle)} dead letters in" in operator.must(EQUAL, "verify")


def test_letters_that_say_nothing_new_change_nothing(
    operator: Operator, oracle: Oracle, letters: Letters, poison: list[int]
) -> None:
    all_of_them = oracle.log.read(DLQ)
    mine = [r for r in all_of_them if is_of(r, PARTITION, *poison)]
    ahead = {"topic": RAW, "partition": PARTITION, "offset": 10**9}
    good = {"topic": RAW, "partition": PARTITION, "offset": poison[0] + 1}
    letters.fill(all_of_them)
    letters.fill(mine)  # written twice
    letters.fill(mine[:1], origin=ahead)  # not accounted for yet
    letters.fill(mine[:1], origin=good, worker="somebody")
    letters.fill(mine[:1], origin=good | {"topic": "other"})
    (summary,) = operator.rows(EQUAL, "verify", DLQ_TOPIC=letters.name)
    assert summary["letters"] == dead(oracle)


def test_a_missing_letter_is_named(
    operator: Operator, oracle: Oracle, letters: Letters, poison: list[int]
) -> None:
    letters.fill([r for r in oracle.log.read(DLQ) if not is_of(r, PARTITION, poison[1], poison[3])])
    row, summary = operator.rows(DIFFERS, "verify", DLQ_TOPIC=letters.name)
    said = oracle.ledger()[PARTITION]["dead"]
    assert (row["what"], row["where"], row["field"]) == ("ledger", f"{RAW}/{PARTITION}", "dead")
    assert row["stored"] == str(said)
    assert row["expected"] == (
        f"as many as there are dead letters, {said - 2}; "
        f"unreadable, and without a letter: {poison[1]}, {poison[3]}"
    )
    assert summary["letters"] == dead(oracle) - 2


def test_a_letter_too_many_is_named(
    operator: Operator, oracle: Oracle, letters: Letters, poison: list[int]
) -> None:
    all_of_them = oracle.log.read(DLQ)
    letters.fill(all_of_them)
    good = {"topic": RAW, "partition": PARTITION, "offset": poison[2] + 1}
    letters.fill([r for r in all_of_them if is_of(r, PARTITION, poison[2])], origin=good)
    row, _ = operator.rows(DIFFERS, "verify", DLQ_TOPIC=letters.name)
    assert row["where"] == f"{RAW}/{PARTITION}" and row["field"] == "dead"
    assert row["expected"].endswith(f"letters of readings that are stored: {poison[2] + 1}")


def test_removed_letters_are_told_apart_from_missing_ones(
    operator: Operator, oracle: Oracle, letters: Letters, poison: list[int]
) -> None:
    all_of_them = oracle.log.read(DLQ)
    mine = [r for r in all_of_them if is_of(r, PARTITION, *poison)]
    letters.fill(mine)
    letters.fill([r for r in all_of_them if r not in mine])
    letters.remove(2)
    row, summary = operator.rows(EQUAL, "verify", DLQ_TOPIC=letters.name)
    assert (row["what"], row["where"], row["field"]) == ("unchecked", f"{RAW}/{PARTITION}", "dead")
    assert (row["count"], row["of"]) == (2, oracle.ledger()[PARTITION]["dead"])
    assert f"2 records were removed from {letters.name}" in row["why"]
    assert (summary["differences"], summary["unchecked"]) == (0, 1)
    text = operator.must(EQUAL, "verify", DLQ_TOPIC=letters.name)
    assert "all equal that can be checked" in text and "unchecked telemetry.raw/5: dead: 2" in text


def test_more_missing_than_removed_is_a_difference(
    operator: Operator, oracle: Oracle, letters: Letters, poison: list[int]
) -> None:
    mine = [r for r in oracle.log.read(DLQ) if is_of(r, PARTITION, *poison)]
    others = [r for r in oracle.log.read(DLQ) if not is_of(r, PARTITION, *poison)]
    letters.fill([*mine[:1], *others])
    letters.remove(1)
    row, _ = operator.rows(DIFFERS, "verify", DLQ_TOPIC=letters.name)
    assert "and at most 1 that were removed; unreadable" in row["expected"]
    assert row["expected"].endswith(": " + ", ".join(map(str, poison[1:])))


def test_no_topic_of_letters_at_all(
    operator: Operator, oracle: Oracle, poison: list[int]
) -> None:
    *rows, _ = operator.rows(DIFFERS, "verify", DLQ_TOPIC="no.such.letters")
    assert len(rows) == sum(row["dead"] > 0 for row in oracle.ledger().values())
    assert all("0 (there is no such topic)" in row["expected"] for row in rows)


# --- readings that have expired ------------------------------------------------------------------


def copy_collection(source: Collection, target: Collection, **changes: object) -> None:
    """With its indexes, whose orders verify asks for; the changes are of the one for expiry."""
    for index in source.list_indexes():
        options = {k: v for k, v in index.items() if k not in ("v", "key", "ns")}
        if "expireAfterSeconds" in options:
            options |= changes
        if options["name"] != "_id_":
            target.create_index(list(index["key"].items()), **options)
    if documents := list(source.find()):
        target.insert_many(documents)


@pytest.fixture
def older(stack: Stack, oracle: Oracle, device: str) -> Iterator[tuple[str, object]]:
    """A copy of the database that has existed for a year and keeps readings for 20 hours."""
    name = f"copy_{device.replace('-', '_')}"[:40]
    client, copy = oracle.db.client, oracle.db.client[name]
    for collection in oracle.db.list_collection_names():
        changes = {"expireAfterSeconds": 20 * 3600} if collection == "telemetry_raw" else {}
        copy_collection(oracle.db[collection], copy[collection], **changes)
    schema = copy.meta.find_one({"_id": "schema"})
    year = timedelta(days=365)
    copy.meta.update_one(
        {"_id": "schema"}, {"$set": {"created_at": schema["created_at"] - year}}
    )
    for row in copy.devices.find():
        copy.devices.update_one(
            {"_id": row["_id"]}, {"$set": {"first_seen": row["first_seen"] - year}}
        )
    yield name, copy
    client.drop_database(name)


def test_expired_readings_are_told_apart_from_lost_ones(
    operator: Operator, oracle: Oracle, poison: list[int], older: tuple, device: str
) -> None:
    name, copy = older
    (summary,) = operator.rows(EQUAL, "verify", MONGO_DB=name)
    assert summary["unchecked"] == 0
    # no device was seen first when its copy says so, and none is read alone for that
    assert summary["expired"] >= summary["devices"] > 0 == summary["second_looks"]
    gone = copy.telemetry_raw.find_one({"device_id": device})
    copy.telemetry_raw.delete_one({"_id": gone["_id"]})
    row, summary = operator.rows(EQUAL, "verify", MONGO_DB=name)
    said = oracle.ledger()[PARTITION]["stored"]
    assert (row["what"], row["where"], row["field"]) == ("unchecked", f"{RAW}/{PARTITION}", "stored")
    assert (row["count"], row["of"]) == (1, said)
    assert f"received before {rfc3339(now_ms() - 20 * HOUR)[:13]}" in row["why"]
    assert "the oldest that is left was received 20" in row["why"]
    assert summary["unchecked"] == 1 and summary["expired"] > 0


def test_readings_that_no_ledger_has_are_no_bound(
    operator: Operator, oracle: Oracle, poison: list[int], older: tuple
) -> None:
    name, copy = older
    row = copy.ledger.find_one({"stored": {"$gt": 0}})
    copy.ledger.update_one({"_id": row["_id"]}, {"$inc": {"stored": -1, "duplicate": 1}})
    told, _ = operator.rows(DIFFERS, "verify", MONGO_DB=name)
    assert (told["what"], told["where"], told["field"]) == ("ledger", row["_id"], "stored")
