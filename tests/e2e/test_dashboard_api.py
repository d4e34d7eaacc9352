"""The routes of the older systems on the dashboard: shapes, defaults, limits, paging."""

from __future__ import annotations

import requests

from support.client import ingest, need_route
from support.oracle import Oracle
from support.readings import now_ms, parse_time_ms, reading, reading_id, rfc3339
from support.stack import Stack
from support.wait import wait_until

LISTS = ("/telemetry", "/aggregated", "/alerts", "/alerts/recent")


def get(stack: Stack, path: str, code: int = 200, **params: object) -> dict:
    answer = requests.get(stack.dashboard + path, params=params, timeout=10)
    assert answer.status_code == code, f"{path}: {answer.status_code} {answer.text}"
    assert answer.headers["Content-Type"].startswith("application/json")
    return answer.json()


def send(stack: Stack, oracle: Oracle, items: list[dict]) -> None:
    ingest(stack, items)
    oracle.wait_aggregated()


def report(stack: Stack, device: str, ts_ms: int | None = None, **fields: object) -> dict:
    """A status report inside a reading; returns what GET /status has to say of it."""
    ts_ms = now_ms() if ts_ms is None else ts_ms
    status = {"battery_level": 80, "rssi": -60, "online": True} | fields
    ingest(stack, reading(device, ts_ms) | status)
    head = {"id": reading_id(device, ts_ms), "device_id": device, "timestamp": ts_ms}
    return head | status


def shown(status: dict) -> dict:
    """As report() returns it; the time of creation is the server's own."""
    assert abs(parse_time_ms(status["created_at"]) - now_ms()) < 120_000
    known = {name: value for name, value in status.items() if name != "created_at"}
    return known | {"timestamp": parse_time_ms(status["timestamp"])}


def test_the_banner_is_for_programs(stack: Stack) -> None:
    assert get(stack, "/") == {"message": "IoT Telemetry Dashboard API is running"}


def test_lists_are_newest_first_with_limits(stack: Stack, oracle: Oracle, device: str) -> None:
    start = now_ms() + 60_000  # a fast clock, which is allowed: these are the newest of all
    items = [reading(device, start + i * 1000, 55 if i % 2 else 20) for i in range(110)]
    send(stack, oracle, items)
    oracle.wait_alerted()
    for path in LISTS:
        default = get(stack, path)
        assert default.keys() == {"data"}
        rows = default["data"]
        assert 0 < len(rows) <= 100, path
        times = [row_time_ms(path, row) for row in rows]
        assert times == sorted(times, reverse=True), path
        assert len(get(stack, path, limit=3)["data"]) == 3, path
        assert len(get(stack, path, limit=1000)["data"]) <= 1000, path
        for bad in ("0", "1001", "-1", "many", "1.5"):
            detail = get(stack, path, 422, limit=bad)["detail"]
            assert "limit" in str(detail), f"{path}?limit={bad}: {detail}"
    assert len(get(stack, "/telemetry")["data"]) == 100
    newest = get(stack, "/telemetry", limit=1000)["data"]
    assert sum(row["device_id"] == device for row in newest) == 110


def row_time_ms(path: str, row: dict) -> int:
    """What the list is sorted by: recent alerts are those that were opened last."""
    names = {"/telemetry": "ts", "/alerts/recent": "created_at"}
    return parse_time_ms(row[names.get(path, "timestamp")])


def test_rows_have_the_fields_of_the_older_systems(
    stack: Stack, oracle: Oracle, device: str
) -> None:
    send(stack, oracle, [reading(device, now_ms(), 65.5, lat=32.1, lon=34.9)])
    oracle.wait_alerted()
    (row,) = get(stack, f"/devices/{device}/telemetry")["data"]
    assert row["device_id"] == device
    assert (row["temperature_c"], row["humidity"]) == (65.5, 48)
    assert (row["lat"], row["lon"]) == (32.1, 34.9)
    windows = get(stack, f"/devices/{device}/aggregates")["data"]
    assert {w["sensor_type"] for w in windows} == {"temperature_c", "humidity"}
    for window in windows:
        assert window["device_id"] == device
        assert window["count"] == 1
        assert window["min"] == window["max"] == window["average"] == window["sum"]
        assert parse_time_ms(window["timestamp"]) % 60_000 == 0
    alerts = [a for a in get(stack, "/alerts", limit=1000)["data"] if a["device_id"] == device]
    (alert,) = alerts
    assert alert.keys() >= {"sensor_type", "value", "alert_type", "severity", "message", "status"}
    assert alert["value"] == 65.5
    assert parse_time_ms(alert["timestamp"]) and parse_time_ms(alert["created_at"])


def test_devices(stack: Stack, oracle: Oracle, device: str) -> None:
    send(stack, oracle, [reading(f"{device}-a"), reading(f"{device}-b")])
    listed = get(stack, "/devices")
    assert listed.keys() == {"devices"}
    assert {f"{device}-a", f"{device}-b"} <= set(listed["devices"])
    assert len(set(listed["devices"])) == len(listed["devices"])


def test_names_that_need_escapes(stack: Stack, oracle: Oracle, device: str) -> None:
    name = f"{device} \u20ac/$where%2F\"<b>"
    send(stack, oracle, [reading(name)])
    quoted = requests.utils.quote(name, safe="")
    answer = get(stack, f"/devices/{quoted}/telemetry")
    assert answer["device_id"] == name
    assert [row["device_id"] for row in answer["data"]] == [name]
    assert len(get(stack, f"/devices/{quoted}/aggregates")["data"]) == 2


def test_an_unknown_device_is_empty(stack: Stack, device: str) -> None:
    for path in ("telemetry", "aggregates"):
        assert get(stack, f"/devices/{device}/{path}") == {"device_id": device, "data": []}
    assert get(stack, f"/status/{device}", 404) == {"detail": "Device not found"}
    assert get(stack, f"/status/{device}/history", 404)["detail"]


def test_device_lists_have_a_limit(stack: Stack, oracle: Oracle, device: str) -> None:
    send(stack, oracle, [reading(device, now_ms() - i * 60_000) for i in range(120)])
    assert len(get(stack, f"/devices/{device}/telemetry")["data"]) == 100
    assert len(get(stack, f"/devices/{device}/telemetry", limit=1000)["data"]) == 120
    rows = get(stack, f"/devices/{device}/aggregates", limit=7)["data"]
    times = [parse_time_ms(row["timestamp"]) for row in rows]
    assert len(rows) == 7 and times == sorted(times, reverse=True)


def test_stats_count_what_is_stored(stack: Stack, oracle: Oracle, device: str) -> None:
    send(stack, oracle, [reading(device)])
    oracle.wait_alerted()
    wanted = {
        "telemetry_records": oracle.db.telemetry_raw.count_documents({}),
        "aggregated_records": oracle.db.aggregated_data.count_documents({}),
        "alerts": oracle.db.alerts.count_documents({}),
    }
    wait_until(lambda: get(stack, "/stats") == wanted, 10, lambda: (get(stack, "/stats"), wanted))


# --- the status routes -------------------------------------------------------------------------


def test_the_latest_status_is_shown(stack: Stack, oracle: Oracle, device: str) -> None:
    newest = report(stack, device, battery_level=55, rssi=-71, online=False)
    report(stack, device, now_ms() - 60_000, battery_level=90)
    oracle.wait_aggregated()
    assert shown(get(stack, f"/status/{device}")) == newest


def test_it_is_shown_as_it_was_answered(stack: Stack, oracle: Oracle, device: str) -> None:
    need_route(f"{stack.ingest}/status")
    body = {"device_id": device, "timestamp": rfc3339(now_ms()), "battery_level": 80}
    body |= {"rssi": -60, "online": True}
    answer = requests.post(f"{stack.ingest}/status", json=body, timeout=10)
    assert answer.status_code == 201, answer.text
    assert answer.json().keys() == {*body.keys(), "id", "created_at"}
    oracle.wait_aggregated()
    assert get(stack, f"/status/{device}") == answer.json()


def test_the_other_old_ingest_route(stack: Stack, oracle: Oracle, device: str) -> None:
    need_route(f"{stack.ingest}/telemetry")
    body = {"source": device, "timestamp": rfc3339(now_ms()), "temperature": 22.5}
    body |= {"humidity_pct": 41, "status": "ok"}
    answer = requests.post(f"{stack.ingest}/telemetry", json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    wanted = {"message": "Telemetry received successfully", "status": "data received"}
    assert answer.json() == wanted
    oracle.wait_aggregated()
    (row,) = get(stack, f"/devices/{device}/telemetry")["data"]
    assert (row["temperature_c"], row["humidity"]) == (22.5, 41)


def test_line_protocol(stack: Stack, oracle: Oracle, device: str) -> None:
    need_route(f"{stack.ingest}/api/v2/write")
    at = now_ms()
    line = f"weather,device_id={device},site=roof temperature_c=20.25,rssi=-60i,online=true {at}"
    path = f"{stack.ingest}/api/v2/write?precision=ms"
    answer = requests.post(path, data=line, timeout=10)
    assert answer.status_code == 204, answer.text
    bad = requests.post(path, data=f"{line[:-2]}\nnonsense", timeout=10)
    assert bad.status_code in (204, 400)
    only_bad = requests.post(path, data="nonsense", timeout=10)
    assert only_bad.status_code == 400 and "1" in only_bad.text
    oracle.wait_aggregated()
    rows = get(stack, f"/devices/{device}/telemetry")["data"]
    assert rows[0]["temperature_c"] == 20.25 and rows[0]["online"] is True


def test_bad_status_reports_are_refused(stack: Stack, device: str) -> None:
    need_route(f"{stack.ingest}/status")
    for field, value in {"battery_level": 101, "online": "yes", "rssi": 1.5}.items():
        body = {"device_id": device, "timestamp": rfc3339(now_ms()), "battery_level": 5, "rssi": -1}
        answer = requests.post(
            f"{stack.ingest}/status", json=body | {"online": True, field: value}, timeout=10
        )
        assert answer.status_code == 422, answer.text
        assert answer.json()["detail"][0]["loc"] == ["body", field]


def test_the_summary_counts_devices(stack: Stack, oracle: Oracle, device: str) -> None:
    report(stack, f"{device}-on", battery_level=70)
    report(stack, f"{device}-off", online=False)
    oracle.wait_aggregated()
    summary = get(stack, "/status/summary")
    keys = {"total_devices", "online_devices", "offline_devices", "devices"}
    assert summary.keys() == keys
    rows = {row["device_id"]: row for row in summary["devices"]}
    assert summary["total_devices"] == len(rows)
    assert summary["online_devices"] + summary["offline_devices"] == len(rows)
    on, off = rows[f"{device}-on"], rows[f"{device}-off"]
    fields = {"device_id", "timestamp", "last_update", "battery_level", "rssi", "online"}
    assert on.keys() == off.keys() == fields
    assert (on["online"], off["online"]) == (True, False)
    assert on["battery_level"] == 70


def test_devices_at_risk(stack: Stack, oracle: Oracle, device: str) -> None:
    report(stack, f"{device}-fine", battery_level=20)
    report(stack, f"{device}-low", battery_level=19)
    oracle.wait_aggregated()
    answer = get(stack, "/status/at-risk")
    assert answer.keys() == {"risk_devices"}
    rows = {row["device_id"]: row for row in answer["risk_devices"]}
    assert rows[f"{device}-low"].keys() == {"device_id", "battery_level", "last_update"}
    assert rows[f"{device}-low"]["battery_level"] == 19
    assert f"{device}-fine" not in rows


def test_history_in_pages(stack: Stack, oracle: Oracle, device: str) -> None:
    start = now_ms() - 60_000
    posted = [report(stack, device, start + i * 1000, battery_level=i) for i in range(25)]
    oracle.wait_aggregated()
    path = f"/status/{device}/history"
    first = get(stack, path)
    assert first.keys() == {
        *("device_id", "statuses", "total_records", "page", "page_size", "total_pages")
    }
    assert (first["page"], first["page_size"]) == (1, 10)
    assert (first["total_records"], first["total_pages"]) == (25, 3)
    pages = [get(stack, path, page=page)["statuses"] for page in (1, 2, 3)]
    assert [len(rows) for rows in pages] == [10, 10, 5]
    ids = [row["id"] for rows in pages for row in rows]
    assert sorted(ids) == sorted(status["id"] for status in posted)
    assert all(shown(row) in posted for rows in pages for row in rows)
    times = [parse_time_ms(row["timestamp"]) for rows in pages for row in rows]
    assert times in (sorted(times), sorted(times, reverse=True))
    assert len(get(stack, path, page_size=100)["statuses"]) == 25
    get(stack, path, 400, page=4)
    for bad in ({"page": 0}, {"page_size": 0}, {"page_size": 101}, {"page": "two"}):
        get(stack, path, 422, **bad)


def test_history_between_dates(stack: Stack, oracle: Oracle, device: str) -> None:
    start = now_ms() - 60_000
    for i in range(6):
        report(stack, device, start + i * 1000, battery_level=50 + i)
    oracle.wait_aggregated()
    path = f"/status/{device}/history"
    part = get(stack, path, start_date=rfc3339(start + 2000), end_date=rfc3339(start + 4500))
    assert sorted(row["battery_level"] for row in part["statuses"]) == [52, 53, 54]
    assert part["total_records"] == 3
    bad = requests.get(stack.dashboard + path, params={"start_date": "soon"}, timeout=10)
    assert bad.status_code in (400, 422) and "start_date" in bad.text


def test_wrong_methods_and_routes(stack: Stack) -> None:
    answer = requests.post(f"{stack.dashboard}/devices", timeout=10)
    assert answer.status_code == 405 and "GET" in answer.headers["Allow"]
    assert requests.get(f"{stack.dashboard}/nowhere", timeout=10).status_code == 404
    head = requests.head(f"{stack.dashboard}/devices", timeout=10)
    assert head.status_code == 200 and head.content == b""
