"""The file queue: messages appear whole."""

import json
import threading
from pathlib import Path

from kombu import Connection, Queue

from config.celery import app
from config.filequeue import Transport


def _connection(folder: Path) -> Connection:
    for name in ("messages", "control"):
        (folder / name).mkdir(exist_ok=True)
    messages = str(folder / "messages")
    return Connection(
        "filesystem://",
        transport=Transport,
        transport_options={
            "data_folder_in": messages,
            "data_folder_out": messages,
            "control_folder": str(folder / "control"),
        },
    )


def test_put__seen_at_any_moment__is_absent_or_whole(tmp_path: Path) -> None:
    broken: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for file in (tmp_path / "messages").glob("*.msg"):
                try:
                    json.loads(file.read_text())
                except ValueError:
                    broken.append(file.name)

    with _connection(tmp_path) as connection, connection.channel() as channel:
        queue = Queue("work", channel=channel)
        queue.declare()
        watcher = threading.Thread(target=watch)
        watcher.start()
        producer = connection.Producer(channel)
        for number in range(300):
            producer.publish({"number": number}, routing_key="work")
        done.set()
        watcher.join()
    assert broken == []


def test_get__several_messages__come_in_order(tmp_path: Path) -> None:
    with _connection(tmp_path) as connection, connection.SimpleQueue("work") as queue:
        for number in range(20):
            queue.put(number)
        assert [queue.get(timeout=5).payload for _ in range(20)] == list(range(20))


def test_transport__of_the_app_on_files__is_ours() -> None:
    with Connection(
        "filesystem://", transport=app.conf.broker_transport or "config.filequeue:Transport"
    ) as connection:
        assert isinstance(connection.transport, Transport)
