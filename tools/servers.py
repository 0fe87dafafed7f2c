"""A real PostgreSQL and a real Redis for a test run: found, or started from wheels, and left clean.

The run works only in databases and under a key prefix that it makes and removes. A server that
refuses is passed over; one that the environment names is not: its refusal ends the run.
"""

import contextlib
import getpass
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from tools import wheels

# What Django 5.2 works with.
OLDEST_POSTGRESQL = 14
# What a run leaves is dropped at its end, so that nothing is lost with the machine.
_NOT_DURABLE = "-c synchronous_commit=off"


@dataclass(frozen=True)
class Server:
    """One server in use: what to print, and the environment that leads the tests to it."""

    line: str
    environ: dict[str, str]


class Refused(Exception):
    """A server did not answer, or did not let the run make its own place in it."""


def _run_name() -> str:
    return f"countersign_run_{secrets.token_hex(4)}"


# --- PostgreSQL -----------------------------------------------------------------------------------
@contextlib.contextmanager
def postgresql(*, durable: bool = False) -> Iterator[Server]:
    """A PostgreSQL and a fresh database in it; the database and its test copies are dropped.

    Unless it is to be `durable`, as for what is measured, a commit does not wait for the disk.
    """
    with contextlib.ExitStack() as stack:
        found = _first_postgresql(stack)
        url = urlsplit(found.environ["TEST_DATABASE_URL"])
        if not durable and "options=" not in url.query:
            query = "&".join(filter(None, [url.query, f"options={quote(_NOT_DURABLE)}"]))
            found.environ["TEST_DATABASE_URL"] = urlunsplit(url._replace(query=query))
        yield found


def _first_postgresql(stack: contextlib.ExitStack) -> Server:
    named = os.environ.get("TEST_DATABASE_URL", "").strip()
    if named:
        return stack.enter_context(_own_database(named, "TEST_DATABASE_URL"))
    for user in dict.fromkeys([getpass.getuser(), "postgres"]):
        url = f"postgresql://{user}@127.0.0.1:5432/postgres"
        with contextlib.suppress(Refused):
            return stack.enter_context(_own_database(url, "127.0.0.1:5432"))
    url = stack.enter_context(wheels.postgresql())
    return stack.enter_context(_own_database(url, "started from a wheel"))


@contextlib.contextmanager
def _own_database(url: str, source: str) -> Iterator[Server]:
    name = _run_name()
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=3) as connection:
            version = connection.info.parameter_status("server_version")
            if connection.info.server_version < OLDEST_POSTGRESQL * 10_000:
                raise Refused(f"{source}: PostgreSQL {version} is older than {OLDEST_POSTGRESQL}.")
            if connection.info.parameter_status("server_encoding") != "UTF8":
                raise Refused(f"{source}: its databases are not in UTF-8.")
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.Error as error:
        raise Refused(f"{source}: {str(error).strip()}") from error
    try:
        own = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        yield Server(f"PostgreSQL {version} ({source})", {"TEST_DATABASE_URL": own})
    finally:
        _drop_databases(url, name)


def _drop_databases(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True, connect_timeout=3) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE datname = %s OR starts_with(datname, %s)",
            [name, f"test_{name}"],
        ).fetchall()
        for (found,) in rows:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(found))
            connection.execute(drop)


# --- Redis ----------------------------------------------------------------------------------------
@contextlib.contextmanager
def redis_server() -> Iterator[Server]:
    """A Redis and a key prefix in it; the keys under the prefix are removed."""
    with contextlib.ExitStack() as stack:
        yield _first_redis(stack)


def _first_redis(stack: contextlib.ExitStack) -> Server:
    named = os.environ.get("TEST_REDIS_URL", "").strip()
    if named:
        return stack.enter_context(_own_prefix(named, "TEST_REDIS_URL"))
    with contextlib.suppress(Refused):
        return stack.enter_context(_own_prefix("redis://127.0.0.1:6379/0", "127.0.0.1:6379"))
    url = stack.enter_context(wheels.redis())
    return stack.enter_context(_own_prefix(url, "started from a wheel"))


@contextlib.contextmanager
def _own_prefix(url: str, source: str) -> Iterator[Server]:
    prefix = f"{_run_name()}:"
    client = redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=10)
    with contextlib.closing(client):
        try:
            client.set(f"{prefix}probe", "1", ex=60)
            version = client.info("server")["redis_version"]
        except redis.RedisError as error:
            raise Refused(f"{source}: {error}") from error
        environ = {"TEST_REDIS_URL": url, "REDIS_KEY_PREFIX": prefix}
        try:
            yield Server(f"Redis {version} ({source})", environ)
        finally:
            for key in client.scan_iter(f"{prefix}*", count=1000):
                client.delete(key)
