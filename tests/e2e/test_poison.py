"""Poison straight into the log: into the dead letters with its origin, neighbours untouched."""

from __future__ import annotations

import base64
import json

from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from support.log import DLQ, RAW, Record, produce
from support.oracle import AGGREGATOR_GROUP, Oracle
from support.readings import now_ms, parse_time_ms, reading
from support.stack import Stack


def canonical(device: str, ts_ms: int) -> bytes:
    return json.dumps(reading(device, ts_ms)).encode()


def poisons(device: str) -> dict[str, bytes | None]:
    good = reading(device, now_ms())
    return {
        "not json": b"temperature is fine",
        "half": json.dumps(good).encode()[:-9],
        "not utf-8": json.dumps(good).encode().replace(device.encode(), b"\xff\xfe\x80"),
        "binary": bytes(range(256)),
        "wrong type": json.dumps(good | {"humidity": "wet"}).encode(),
        "array": json.dumps([good]).encode(),
        "no device": json.dumps({k: v for k, v in good.items() if k != "device_id"}).encode(),
        "no ts": json.dumps({k: v for k, v in good.items() if k != "ts"}).encode(),
        "future": json.dumps(reading(device, now_ms() + 86_400_000)).encode(),
        "nan": b'{"device_id":"x","ts":1,"temperature_c":NaN}',
        "quotes and unicode": 'not json: "\u20ac\\ \u0001"'.encode(),
        "empty": b"",
        "null": None,
        "900 KiB": b"x" * (900 << 10),
    }


def test_poison_goes_to_the_dead_letters(stack: Stack, oracle: Oracle, device: str) -> None:
    oracle.wait_aggregated()
    before, start = oracle.log.ends(DLQ), now_ms() - 60_000
    cases = poisons(device)
    messages, partition = [], 5
    for index, value in enumerate(cases.values()):
        key = f"{device}-{index}".encode()
        messages.append({"key": key, "value": canonical(device, start + index)})
        messages.append({"key": key, "value": value, "partition": partition})
    for message in messages:
        message["partition"] = partition
    places = produce(stack.kafka, messages)

    oracle.wait_aggregated()
    letters = by_origin(oracle.log.read(DLQ, before))
    wanted = dict(zip(places[1::2], messages[1::2], strict=True))
    assert letters.keys() == wanted.keys()
    sent = {(r.partition, r.offset): r for r in oracle.log.read(RAW) if r.partition == partition}
    for place, letter in letters.items():
        check_letter(letter, sent[place])

    neighbours = [id_ for id_, doc in oracle.raw(device).items() if doc["device_id"] == device]
    assert len(neighbours) == len(cases)
    oracle.check_conservation()
    oracle.check_windows()


def by_origin(records: list[Record]) -> dict[tuple[int, int], Record]:
    """At least once is allowed, so repeats fall together."""
    return {(r.json["origin"]["partition"], r.json["origin"]["offset"]): r for r in records}


def check_letter(letter: Record, original: Record) -> None:
    body = letter.json
    assert letter.partition == original.partition
    assert letter.key == original.key
    assert original_bytes(body) == original.value
    origin = body["origin"]
    assert (origin["topic"], origin["offset"]) == (RAW, original.offset)
    assert time_ms(origin["timestamp"]) == original.timestamp
    assert body["failure_reason"] and body["code"], body
    assert (body["class"], body["worker"]) == ("poison", AGGREGATOR_GROUP)
    assert body["attempts"] == 1
    assert abs(time_ms(body["timestamp"]) - now_ms()) < 120_000
    headers = {name: value.decode() for name, value in letter.headers.items()}
    assert headers["kafka_dlt-original-topic"] == RAW
    assert headers["kafka_dlt-original-partition"] == str(original.partition)
    assert headers["kafka_dlt-original-offset"] == str(original.offset)
    assert headers["kafka_dlt-original-timestamp"] == str(original.timestamp)
    assert headers["kafka_dlt-original-consumer-group"] == AGGREGATOR_GROUP
    assert headers["kafka_dlt-exception-message"]
    assert headers["kafka_deliveryAttempt"] == "1"
    assert headers["weir-reason"] == body["code"]


def original_bytes(body: dict) -> bytes | None:
    assert ("original_message" in body) != ("original_message_base64" in body), body.keys()
    if "original_message" in body:
        text = body["original_message"]
        return None if text is None else text.encode()
    return base64.b64decode(body["original_message_base64"], validate=True)


def time_ms(value: str | int) -> int:
    return value if isinstance(value, int) else parse_time_ms(value)


def test_what_no_letter_can_hold_is_cut_and_says_so(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    """The topic takes less than base64 makes of it; its neighbours must not wait for ever."""
    oracle.wait_aggregated()
    limit_letters(stack, 1 << 20)
    before, value = oracle.log.ends(DLQ), b"\xff" * (900 << 10)
    good = canonical(device, now_ms())
    produce(stack.kafka, [{"key": device.encode(), "value": v} for v in (value, good)])
    oracle.wait_aggregated()
    (letter,) = by_origin(oracle.log.read(DLQ, before)).values()
    assert letter.json["original_truncated"] is True
    assert letter.json["original_bytes"] == len(value)
    kept = original_bytes(letter.json)
    assert kept and len(kept) >= 64 << 10 and value.startswith(kept)
    assert len(oracle.raw(device)) == 1
    oracle.check_conservation()
    limit_letters(stack, 4 << 20)


def limit_letters(stack: Stack, size: int) -> None:
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    entry = ConfigEntry(
        "max.message.bytes",
        str(size),
        incremental_operation=AlterConfigOpType.SET,
    )
    resource = ConfigResource(ConfigResource.Type.TOPIC, DLQ, incremental_configs=[entry])
    for done in admin.incremental_alter_configs([resource]).values():
        done.result(10)


def test_dead_letters_are_kept_as_long_as_readings(stack: Stack) -> None:
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    topic = ConfigResource(ConfigResource.Type.TOPIC, DLQ)
    (described,) = admin.describe_configs([topic]).values()
    assert int(described.result(10)["retention.ms"].value) == 30 * 86_400_000


def test_bytes_that_are_no_text_come_back_whole(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    """The topic is made large enough for what base64 makes of the largest record."""
    oracle.wait_aggregated()
    before, value = oracle.log.ends(DLQ), b"\xff" * (900 << 10)
    produce(stack.kafka, [{"key": device.encode(), "value": value}])
    oracle.wait_aggregated()
    (letter,) = by_origin(oracle.log.read(DLQ, before)).values()
    assert "original_truncated" not in letter.json
    assert original_bytes(letter.json) == value


def test_the_trace_goes_along(stack: Stack, oracle: Oracle, device: str) -> None:
    oracle.wait_aggregated()
    before = oracle.log.ends(DLQ)
    trace = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = [("traceparent", trace)]
    produce(stack.kafka, [{"key": device.encode(), "value": b"poison", "headers": headers}])
    oracle.wait_aggregated()
    (letter,) = by_origin(oracle.log.read(DLQ, before)).values()
    assert letter.headers["traceparent"] == trace
