"""The proof: what went in against what is stored, counted by clients that know nothing of Weir."""

from __future__ import annotations

import base64
import collections
import hashlib
import json
import math
import struct
import threading
import time
from datetime import UTC, datetime

import pymongo
from bson import ObjectId
from confluent_kafka import Consumer, Producer, TopicPartition

RAW, DLQ = "telemetry.raw", "telemetry.dlq"
POISON = (
    b"this is not JSON",
    b'{"device_id":"poison","temperature_c":"warm","ts":"2026-01-01T00:00:00Z"}',
    b"\xff\xfe\x00 not UTF-8",
    b'{"temperature_c":20,"ts":"2026-01-01T00:00:00Z"}',
    b"",
)


def reading_id(body: dict) -> ObjectId:
    """The _id a reading gets: ts seconds, then 8 bytes of SHA-256 over device, ts in ms and seq."""
    ts = datetime.strptime(body["ts"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    ms = round(ts.timestamp() * 1000)
    text = f"{body['device_id']}\0{ms}\0{body['seq']}".encode()
    return ObjectId(struct.pack(">I", ms // 1000) + hashlib.sha256(text).digest()[:8])


class Kafka:
    def __init__(self, servers: str) -> None:
        self.servers = servers
        self.consumer = Consumer({"bootstrap.servers": servers, "group.id": "weir-demo"})

    def partitions(self, topic: str) -> list[int]:
        return sorted(self.consumer.list_topics(topic, timeout=10).topics[topic].partitions)

    def ends(self, topic: str) -> dict[int, int]:
        return {
            p: self.consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1]
            for p in self.partitions(topic)
        }

    def committed(self, group: str, topic: str) -> dict[int, int]:
        client = Consumer({"bootstrap.servers": self.servers, "group.id": group})
        asked = [TopicPartition(topic, p) for p in self.partitions(topic)]
        answer = {t.partition: t.offset for t in client.committed(asked, timeout=10)}
        client.close()
        return answer

    def poison(self) -> int:
        producer = Producer({"bootstrap.servers": self.servers})
        for value in POISON:
            producer.produce(RAW, value, key=b"poison")
        producer.flush(10)
        return len(POISON)

    def read(self, topic: str, begin: dict[int, int]) -> list:
        """Every record from `begin` to the end as it is now."""
        ends = self.ends(topic)
        todo = {p for p in ends if ends[p] > begin.get(p, 0)}
        self.consumer.assign([TopicPartition(topic, p, begin.get(p, 0)) for p in todo])
        records, deadline = [], time.monotonic() + 20
        while todo and time.monotonic() < deadline:
            message = self.consumer.poll(0.5)
            if message is None or message.error():
                continue
            records.append(message)
            if message.offset() + 1 >= ends[message.partition()]:
                todo.discard(message.partition())
        self.consumer.unassign()
        return records


class Freshness(threading.Thread):
    """Measures how long after its answer a reading can be found, for a sample of the readings."""

    def __init__(self, raw: pymongo.collection.Collection, journal_of) -> None:
        super().__init__(daemon=True)
        self.raw, self.journal_of = raw, journal_of
        self.delays: list[float] = []
        self.done = False

    def run(self) -> None:
        seen = 0
        while not self.done:
            answers = self.journal_of()
            if len(answers) == seen or answers[-1].status != 200:
                time.sleep(0.002)
                continue
            seen = len(answers)
            newest = answers[-1]
            while not self.raw.find_one({"_id": reading_id(newest.body)}, {"_id": 1}):
                if time.monotonic() - newest.answered_at > 30:
                    break
                time.sleep(0.001)
            self.delays.append(time.monotonic() - newest.answered_at)


def ledger_totals(db) -> collections.Counter:
    total = collections.Counter()
    for doc in db.ledger.find():
        total["span"] += doc["next_offset"] - doc["first"]
        for state in ("stored", "duplicate", "dead", "gap"):
            total[state] += doc[state]
    return total


def unaccounted(db, kafka: Kafka) -> int:
    """Offsets of the log that no ledger explains, and documents that no ledger counts."""
    ledgers = {int(d["_id"].rsplit("/", 1)[1]): d for d in db.ledger.find()}
    missing = 0
    for partition, end in kafka.ends(RAW).items():
        ledger = ledgers.get(partition, {"first": 0, "next_offset": 0})
        counted = sum(ledger.get(s, 0) for s in ("stored", "duplicate", "dead", "gap"))
        missing += abs(end - ledger["first"] - counted)
        documents = db.telemetry_raw.count_documents({"origin.p": partition})
        missing += abs(documents - ledger.get("stored", 0))
    return missing


def caught_up(db, kafka: Kafka) -> bool:
    ends = kafka.ends(RAW)
    ledgers = {int(d["_id"].rsplit("/", 1)[1]): d["next_offset"] for d in db.ledger.find()}
    alerts = kafka.committed("alerts_worker", RAW)
    return all(
        ledgers.get(p, 0) >= end and (end == 0 or alerts.get(p, -1) >= end)
        for p, end in ends.items()
    )


def wrong_windows(db, devices: list[str]) -> tuple[int, int, int]:
    """Windows of the devices, the sum of their counts, and how many differ from the raw readings."""
    values = collections.defaultdict(list)
    for doc in db.telemetry_raw.find({"device_id": {"$in": devices}}):
        minute = doc["ts"].replace(second=0, microsecond=0)
        for sensor in ("temperature_c", "humidity"):
            values[doc["device_id"], sensor, minute].append(doc[sensor])
    stored = {
        (d["device_id"], d["sensor_type"], d["timestamp"]): d
        for d in db.aggregated_data.find({"device_id": {"$in": devices}})
    }
    wrong = len(set(stored) ^ set(values))
    for key in set(stored) & set(values):
        doc, v = stored[key], values[key]
        want = (len(v), math.fsum(v), min(v), max(v))
        wrong += (doc["count"], doc["sum"], doc["min"], doc["max"]) != want
    return len(stored), sum(d["count"] for d in stored.values()), wrong


def dead_letters(kafka: Kafka, begin: dict[int, int]) -> tuple[collections.Counter, int]:
    """Reasons of the dead letters since `begin`, by origin; and how many of our poison are whole."""
    by_origin = {}
    for message in kafka.read(DLQ, begin):
        letter = json.loads(message.value())
        origin = letter["origin"]
        original = letter.get("original_message")
        data = (
            original.encode()
            if original is not None
            else base64.b64decode(letter["original_message_base64"])
        )
        by_origin[origin["partition"], origin["offset"]] = (letter["code"], data)
    whole = sum(data in POISON for _, data in by_origin.values())
    return collections.Counter(code for code, _ in by_origin.values()), whole
