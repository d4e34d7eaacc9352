"""The log: Kafka's topics through confluent-kafka, from marked positions to the end."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

RAW = "telemetry.raw"
DLQ = "telemetry.dlq"
ALERTS = "alerts.triggered"
TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Record:
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]

    @property
    def json(self) -> dict:
        assert self.value is not None
        return json.loads(self.value)


class Log:
    """A reader that joins no group, so it never disturbs the daemons' groups."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.consumer = self._consumer(f"e2e-{uuid.uuid4().hex}")

    def _consumer(self, group: str) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": False,
                "log_level": 0,
                "reconnect.backoff.max.ms": 500,
            }
        )

    def close(self) -> None:
        self.consumer.close()

    def partitions(self, topic: str) -> list[int]:
        metadata = self.consumer.list_topics(topic, timeout=TIMEOUT_S)
        return sorted(metadata.topics[topic].partitions)

    def ends(self, topic: str = RAW) -> dict[int, int]:
        """The high watermark of each partition: where the next record will stand."""
        return {
            p: self.consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=TIMEOUT_S)[1]
            for p in self.partitions(topic)
        }

    def committed(self, group: str, topic: str = RAW) -> dict[int, int]:
        """Committed offsets of a group; partitions without one are left out."""
        reader = self._consumer(group)  # never subscribes: it only asks
        try:
            asked = [TopicPartition(topic, p) for p in self.partitions(topic)]
            found = reader.committed(asked, timeout=TIMEOUT_S)
        finally:
            reader.close()
        return {tp.partition: tp.offset for tp in found if tp.offset >= 0}

    def read(self, topic: str, since: dict[int, int] | None = None) -> list[Record]:
        """Everything from the marks to the ends as of now; offset order within each partition."""
        since = since or {}
        ends = self.ends(topic)
        left = {p: end for p, end in ends.items() if end > since.get(p, 0)}
        if not left:
            return []
        self.consumer.assign([TopicPartition(topic, p, since.get(p, 0)) for p in left])
        records: list[Record] = []
        try:
            heard = time.monotonic()
            while left:
                # Waits until it has as many as asked for, or all of the time given.
                messages = self.consumer.consume(5000, timeout=0.05)
                heard = time.monotonic() if messages else heard
                assert time.monotonic() < heard + TIMEOUT_S, f"{topic}: the log stops at {left}"
                for message in messages:
                    if message.error():
                        raise KafkaException(message.error())
                    p, offset = message.partition(), message.offset()
                    if offset < ends[p]:
                        records.append(_record(message))
                    if offset + 1 >= ends[p]:
                        left.pop(p, None)
        finally:
            self.consumer.unassign()
        return records


def _record(message) -> Record:
    return Record(
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
        timestamp=message.timestamp()[1],
        key=message.key(),
        value=message.value(),
        headers=dict(message.headers() or []),
    )


def produce(bootstrap: str, messages: list[dict]) -> list[tuple[int, int]]:
    """Sends them in order (dicts as Producer.produce takes them); returns (partition, offset)."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "acks": "all",
            "max.in.flight": 1,  # keeps the order without waiting for a producer id
            "partitioner": "murmur2_random",
            "log_level": 0,
        }
    )
    places: dict[int, tuple[int, int]] = {}

    def delivered(index: int):
        def report(error, message) -> None:
            if error:
                raise KafkaException(error)
            places[index] = (message.partition(), message.offset())

        return report

    for index, message in enumerate(messages):
        producer.produce(**({"topic": RAW} | message), on_delivery=delivered(index))
    left = producer.flush(30)
    assert left == 0 and len(places) == len(messages), f"{left} messages not delivered"
    return [places[index] for index in range(len(messages))]
