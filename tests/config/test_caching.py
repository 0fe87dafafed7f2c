"""The cache in a Redis that it shares with the queue, and with whoever else uses that server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings
from django.core.cache import cache

from tests.processes import is_embedded

pytestmark = pytest.mark.skipif(is_embedded(), reason="the embedded default has no Redis")
OTHERS = f"{settings.REDIS_KEY_PREFIX}queue-of-somebody"


@pytest.fixture
def server() -> Iterator[redis.Redis]:
    """The Redis of the run, which holds a key that is no part of the cache."""
    client = redis.Redis.from_url(settings.CELERY_BROKER_URL)
    client.set(OTHERS, "a message")
    yield client
    client.delete(OTHERS)


def test_clear__of_a_shared_server__leaves_what_is_not_its_own(server: redis.Redis) -> None:
    cache.set_many({f"key-{number}": number for number in range(1200)})
    cache.clear()
    assert cache.get("key-7") is None
    assert not list(server.scan_iter(match=f"{settings.REDIS_KEY_PREFIX}cache:*"))
    assert server.get(OTHERS) == b"a message"
