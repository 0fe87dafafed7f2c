"""Reads of the environment: what is taken, and the sentence that meets what is not."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env

VAR = Path("/srv/var")


@pytest.mark.parametrize("word", ["1", "true", "Yes", " on "])
def test_flag__word_for_yes__is_true(word: str) -> None:
    assert env.flag({"DEBUG": word}, "DEBUG") is True


@pytest.mark.parametrize("word", ["", "0", "false", "No", "off"])
def test_flag__word_for_no__is_false(word: str) -> None:
    assert env.flag({"DEBUG": word}, "DEBUG") is False


def test_flag__other_word__is_refused_by_name() -> None:
    with pytest.raises(ImproperlyConfigured, match="DEBUG must be 1 or 0"):
        env.flag({"DEBUG": "maybe"}, "DEBUG")


def test_whole__absent__gives_default() -> None:
    assert env.whole({}, "SWEEP_SECONDS", 5) == 5


@pytest.mark.parametrize("word", ["0", "-3", "1.5", "ten", "٣"])
def test_whole__no_positive_number__is_refused(word: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="whole number of at least 1"):
        env.whole({"SWEEP_SECONDS": word}, "SWEEP_SECONDS", 5)


def test_secret_key__from_file__is_its_stripped_content(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("of the file\n")
    assert env.secret_key({"SECRET_KEY_FILE": str(tmp_path / "key")}) == "of the file"


@pytest.mark.parametrize("content", [None, " \n"])
def test_secret_key__file_absent_or_empty__is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "key").write_text(content)
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY_FILE names"):
        env.secret_key({"SECRET_KEY_FILE": str(tmp_path / "key")})


def test_secret_key__both_ways_at_once__is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="not both"):
        env.secret_key({"SECRET_KEY": "a", "SECRET_KEY_FILE": "/b"})


def test_require_secret_key__none_set__says_what_to_set() -> None:
    with pytest.raises(ImproperlyConfigured, match="Set SECRET_KEY, or SECRET_KEY_FILE"):
        env.require_secret_key({})


def test_process_key__twice__differs() -> None:
    assert env.process_key() != env.process_key()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "localhost", "demo.localhost", "::1"])
def test_is_loopback__this_machine__is_true(host: str) -> None:
    assert env.is_loopback(host)


@pytest.mark.parametrize("host", ["192.168.0.1", "localhost.example.org", "127.0.0.1.nip"])
def test_is_loopback__other_host__is_false(host: str) -> None:
    assert not env.is_loopback(host)


@pytest.mark.parametrize(
    "address",
    ["ftp://a.example", "prompts.example.org", "https://", "https://a.example:port", "https://[a"],
)
def test_base_url__no_web_address__is_refused(address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="BASE_URL"):
        env.base_url({"BASE_URL": address}, debug=False)


@pytest.mark.parametrize(
    "address", ["https://a.example/app", "https://a.example/?q=1", "https://me@a.example"]
)
def test_base_url__more_than_host_and_port__is_refused(address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="scheme, host and port only"):
        env.base_url({"BASE_URL": address}, debug=False)


def test_base_url__http_to_another_machine__is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="must start with https"):
        env.base_url({"BASE_URL": "http://prompts.example.org"}, debug=False)


def test_base_url__http_to_another_machine_in_debug__is_taken() -> None:
    base = env.base_url({"BASE_URL": "http://prompts.example.org"}, debug=True)
    assert base.hostname == "prompts.example.org"


def test_database__absent__is_the_file_in_var() -> None:
    database = env.database({}, [], VAR)
    assert database["NAME"] == VAR / "countersign.sqlite3"
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_database__sqlite_file__has_the_options_of_the_default() -> None:
    database = env.database({"DATABASE_URL": "sqlite:////data/a.sqlite3"}, [], VAR)
    assert database["NAME"] == Path("/data/a.sqlite3")
    assert database["OPTIONS"] == env.database({}, [], VAR)["OPTIONS"]


def test_database__postgresql__keeps_decoded_password() -> None:
    url = "postgresql://app:p%40ss@db.example:6432/countersign"
    database = env.database({"DATABASE_URL": url}, [], VAR)
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["HOST"], database["PORT"], database["PASSWORD"]) == (
        "db.example",
        6432,
        "p@ss",
    )


def test_database__postgresql__plans_few_orders_of_joins_and_the_address_has_the_last_word() -> (
    None
):
    ours = "-c join_collapse_limit=4 -c jit=off"
    plain, own = "postgresql://db/c", "postgresql://db/c?options=-c%20jit%3Don"
    said = [
        env.database({"DATABASE_URL": url}, [], VAR)["OPTIONS"]["options"] for url in (plain, own)
    ]
    assert said == [ours, f"{ours} -c jit=on"]


@pytest.mark.parametrize(("said", "off"), [("", False), ("1", True)])
def test_database__behind_a_pooler__leaves_nothing_on_a_server(said: str, off: bool) -> None:
    environ = {"DATABASE_URL": "postgresql://db/c", "DATABASE_POOLED": said}
    assert env.database(environ, [], VAR)["DISABLE_SERVER_SIDE_CURSORS"] is off


@pytest.mark.parametrize("url", ["mysql://a/b", "countersign", "sqlite://:memory:", "sqlite://"])
def test_database__neither_postgresql_nor_a_file__is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        env.database({"DATABASE_URL": url}, [], VAR)


def test_database__migrate__uses_the_owner() -> None:
    environ = {
        "DATABASE_URL": "postgresql://app@db/c",
        "MIGRATE_DATABASE_URL": "postgresql://owner@db/c",
    }
    users = [env.database(environ, ["manage.py", word], VAR)["USER"] for word in ("migrate", "a")]
    assert users == ["owner", "app"]


@pytest.mark.parametrize("address", ["https://prompts.example.org", "http://192.168.0.4"])
def test_demo__not_on_this_machine__is_refused(address: str) -> None:
    database = env.database({"DATABASE_URL": "sqlite:////srv/var/demo/a.sqlite3"}, [], VAR)
    with pytest.raises(ImproperlyConfigured, match="BASE_URL must be on this machine"):
        env.require_demo_is_local(urlsplit(address), database)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app@127.0.0.1/var/demo/x",
        "sqlite:////srv/var/countersign.sqlite3",
        "sqlite:////srv/var/demo",
        "sqlite:////srv/var/demos/a.sqlite3",
        "sqlite:////srv/var/demo/../a.sqlite3",
    ],
)
def test_demo__database_not_under_var_demo__is_refused(url: str) -> None:
    database = env.database({"DATABASE_URL": url}, [], VAR)
    with pytest.raises(ImproperlyConfigured, match="under var/demo/"):
        env.require_demo_is_local(urlsplit("http://127.0.0.1:8000"), database)


def test_demo__file_under_var_demo__is_taken() -> None:
    database = env.database({"DATABASE_URL": "sqlite:////srv/var/demo/a/b.sqlite3"}, [], VAR)
    env.require_demo_is_local(urlsplit("http://127.0.0.1:8000"), database)


def test_email__absent__is_files_in_var() -> None:
    email = env.email({}, VAR)
    assert email["EMAIL_BACKEND"].endswith("filebased.EmailBackend")
    assert email["EMAIL_FILE_PATH"] == "/srv/var/mail"


def test_email__smtp_elsewhere__is_encrypted_by_default() -> None:
    email = env.email({"EMAIL_URL": "smtp://me:p%2Fw@mail.example"}, VAR)
    assert email["EMAIL_USE_TLS"] is True
    assert (email["EMAIL_HOST"], email["EMAIL_PORT"]) == ("mail.example", 587)
    assert (email["EMAIL_HOST_USER"], email["EMAIL_HOST_PASSWORD"]) == ("me", "p/w")


def test_email__smtp_over_ssl__takes_its_port() -> None:
    email = env.email({"EMAIL_URL": "smtp://mail.example?tls=ssl"}, VAR)
    assert (email["EMAIL_PORT"], email["EMAIL_USE_SSL"], email["EMAIL_USE_TLS"]) == (
        465,
        True,
        False,
    )


def test_email__console__prints() -> None:
    assert env.email({"EMAIL_URL": "console://"}, VAR) == {
        "EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"
    }


@pytest.mark.parametrize(
    "url",
    [
        "imap://mail.example",
        "smtp://",
        "file://host/folder",
        "file://",
        "smtp://mail.example?tls=maybe",
        "smtp://mail.example?ssl=1",
        "smtp://mail.example:port",
    ],
)
def test_email__unknown_form__is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL"):
        env.email({"EMAIL_URL": url}, VAR)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "filesystem://"),
        ({"REDIS_URL": "redis://r:6379/1"}, "redis://r:6379/1"),
        ({"REDIS_URL": "redis://r:6379/1", "CELERY_BROKER_URL": "rediss://m"}, "rediss://m"),
    ],
)
def test_broker_url__by_what_is_set__goes_from_own_to_redis_to_files(
    environ: dict[str, str], expected: str
) -> None:
    assert env.broker_url(environ) == expected


@pytest.mark.parametrize("name", ["REDIS_URL", "CELERY_BROKER_URL"])
def test_broker_url__no_address__is_refused_by_name(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        env.broker_url({name: "redis.example.org"})


@pytest.mark.parametrize("name", ["REDIS_URL", "CELERY_BROKER_URL"])
@pytest.mark.parametrize(
    "url", ["redis://r/one", "redis://r:6379/0/1", "redis:///0", "redis://r:port/0", "amqp://m"]
)
def test_broker_url__no_redis_database__is_refused_by_name(name: str, url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        env.broker_url({name: url})


@pytest.mark.parametrize("key", ["short", "x" * 49])
def test_require_secret_key__too_short__says_how_long_it_must_be(key: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"has {len(key)} characters.*at least 50"):
        env.require_secret_key({"SECRET_KEY": key})


@pytest.mark.parametrize("level", ["LOUD", "NOTSET", "10"])
def test_log_level__unknown__is_refused_with_the_names(level: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="LOG_LEVEL must be one of DEBUG, INFO"):
        env.log_level({"LOG_LEVEL": level})


def test_log_level__small_letters__is_taken() -> None:
    assert env.log_level({"LOG_LEVEL": "warning"}) == "WARNING"


@pytest.mark.parametrize(
    "sender", ["prompts@example.org", "Prompts <prompts@example.org>", "countersign@localhost"]
)
def test_sender__one_address__is_taken(sender: str) -> None:
    assert env.sender({"EMAIL_FROM": sender}, "prompts.example.org") == sender


@pytest.mark.parametrize("host", ["localhost", "prompts", "10.0.0.5", "prompts.example.org"])
def test_sender__none_set__is_one_at_the_host(host: str) -> None:
    assert env.sender({}, host) == f"Countersign <countersign@{host}>"


@pytest.mark.parametrize(
    "sender",
    [
        "not an address",
        "prompts",
        "a@example.org, b@example.org",
        "a@example.org\nBcc: all@example.org",
    ],
)
def test_sender__no_address_or_several__is_refused(sender: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="EMAIL_FROM must be one address"):
        env.sender({"EMAIL_FROM": sender}, "prompts.example.org")


def test_networks__addresses_networks_and_socket__are_taken() -> None:
    words = env.networks({"TRUSTED_PROXY": "10.0.0.5, 10.1.0.0/16,unix"}, "TRUSTED_PROXY")
    assert words == ["10.0.0.5", "10.1.0.0/16", "unix"]


def test_networks__host_name__is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXY must list"):
        env.networks({"TRUSTED_PROXY": "proxy.example.org"}, "TRUSTED_PROXY")
