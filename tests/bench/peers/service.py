"""A peer: the service that one writes in Python. Validates a reading, hands it to Kafka and answers
when the broker has acknowledged it.

KAFKA, TOPIC and PORT come from the environment.
"""

import asyncio
import contextlib
import os
import threading

import uvicorn
from confluent_kafka import Producer
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field


class Reading(BaseModel):
    device_id: str = Field(min_length=1, max_length=128)
    ts: int
    temperature_c: float
    humidity: float
    seq: int | None = None


def serve_reports(producer: Producer, stop: threading.Event) -> None:
    while not stop.is_set():
        producer.poll(0.1)


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.producer = Producer(
        {
            "bootstrap.servers": os.environ["KAFKA"],
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": 1,
            "socket.nagle.disable": True,
        }
    )
    stop = threading.Event()
    thread = threading.Thread(target=serve_reports, args=(app.state.producer, stop))
    thread.start()
    yield
    stop.set()
    thread.join()
    app.state.producer.flush(10)


app = FastAPI(lifespan=lifespan)


@app.get("/healthz")
async def healthz() -> dict:
    return {"status": "ok"}


@app.post("/ingest")
async def ingest(reading: Reading) -> dict:
    loop = asyncio.get_running_loop()
    delivered = loop.create_future()

    def on_report(error, _message) -> None:
        loop.call_soon_threadsafe(delivered.set_result, error)

    value = reading.model_dump_json(exclude_none=True)
    app.state.producer.produce(
        os.environ["TOPIC"], value, key=reading.device_id, on_delivery=on_report
    )
    if await delivered is not None:
        raise HTTPException(503)
    return {"status": "queued", "device_id": reading.device_id}


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
    )
