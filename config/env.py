"""Reads of the environment, each refusing a bad value with a sentence that says what to write."""

import ipaddress
import os
import secrets
from collections.abc import Mapping, Sequence
from email.utils import getaddresses
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import EmailValidator

Environ = Mapping[str, str]

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})
#: characters of a key that nobody guesses, as Django's own check counts them (security.W009)
SHORTEST_KEY = 50
MISSING_KEY = (
    "SECRET_KEY is not set. Set SECRET_KEY, or SECRET_KEY_FILE to a file that holds it, "
    f"to a random text of at least {SHORTEST_KEY} characters that is the same for every process."
)
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_BROKERS = frozenset({"redis", "rediss", "filesystem"})
_SQLITE_OPTIONS: dict[str, Any] = {
    # A transaction takes the write lock when it begins, so that read-then-write never has to give
    # up half-way with "database is locked"; others wait for up to `timeout` seconds.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
}

# A request is read with its parts in one query of seventeen joins by primary key. PostgreSQL would
# weigh so many orders of them that the planning takes ten times the reading, each time.
_PLANNING = "-c join_collapse_limit=4 -c jit=off"


def text(environ: Environ, name: str, default: str = "") -> str:
    """The variable without outer space, or `default` when it is absent or blank."""
    return environ.get(name, "").strip() or default


def flag(environ: Environ, name: str) -> bool:
    """The variable as yes or no; absent means no, any other word is refused."""
    word = text(environ, name).lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0 (or true/false, yes/no, on/off).")


def whole(environ: Environ, name: str, default: int, *, least: int = 1) -> int:
    """The variable as a whole number of at least `least`, or `default` when it is absent."""
    word = text(environ, name)
    if not word:
        return default
    if not (word.isascii() and word.isdigit()) or int(word) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {least}.")
    return int(word)


def words(environ: Environ, name: str) -> list[str]:
    """The variable split at commas, without blanks."""
    return [word.strip() for word in environ.get(name, "").split(",") if word.strip()]


def folder(environ: Environ, name: str, default: Path) -> Path:
    """The variable as an absolute folder path (it need not exist), or `default`."""
    return Path(text(environ, name, str(default))).expanduser().resolve()


def secret_key(environ: Environ) -> str | None:
    """SECRET_KEY, or the content of SECRET_KEY_FILE; None when neither is set."""
    key, file = text(environ, "SECRET_KEY"), text(environ, "SECRET_KEY_FILE")
    if key and file:
        raise ImproperlyConfigured("Set SECRET_KEY or SECRET_KEY_FILE, not both.")
    if not file:
        return key or None
    try:
        key = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"SECRET_KEY_FILE names a file that cannot be read ({type(error).__name__}): {file}"
        ) from error
    if not key:
        raise ImproperlyConfigured(f"SECRET_KEY_FILE names an empty file: {file}")
    return key


def process_key() -> str:
    """A key for one process that signs nothing others read (commands and tests)."""
    return secrets.token_urlsafe(64)


def require_secret_key(environ: Environ | None = None) -> str:
    """SECRET_KEY for a process that signs what others read; raises for none and a short one."""
    key = secret_key(os.environ if environ is None else environ)
    if key is None:
        raise ImproperlyConfigured(MISSING_KEY)
    if len(key) < SHORTEST_KEY:
        raise ImproperlyConfigured(
            f"SECRET_KEY has {len(key)} characters. Set it, or what SECRET_KEY_FILE holds, to a "
            f"random text of at least {SHORTEST_KEY} characters that is the same for every process."
        )
    return key


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an address) can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def base_url(environ: Environ, *, debug: bool) -> SplitResult:
    """BASE_URL in parts; plain http is refused off this machine unless `debug`."""
    raw = text(environ, "BASE_URL", "http://127.0.0.1:8000")
    parts = _parts("BASE_URL", raw)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ImproperlyConfigured(
            "BASE_URL must be the address that people open, such as https://prompts.example.org."
        )
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ImproperlyConfigured(
            "BASE_URL must be scheme, host and port only, with no path, query or password."
        )
    if parts.scheme == "http" and not debug and not is_loopback(parts.hostname):
        raise ImproperlyConfigured(
            "BASE_URL must start with https:// (http is for this machine only: 127.0.0.1)."
        )
    return parts


def database(environ: Environ, argv: Sequence[str], var: Path) -> dict[str, Any]:
    """The database of DATABASE_URL; `migrate` uses MIGRATE_DATABASE_URL when that is set."""
    name = "DATABASE_URL"
    if argv[1:2] == ["migrate"] and text(environ, "MIGRATE_DATABASE_URL"):
        name = "MIGRATE_DATABASE_URL"
    raw = text(environ, name)
    if not raw:
        return _sqlite(var / "countersign.sqlite3")
    if _parts(name, raw).scheme not in {"sqlite", "postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"{name} must start with postgresql:// or sqlite:/// (three slashes and a file path)."
        )
    try:
        parsed: dict[str, Any] = dict(
            dj_database_url.parse(raw, conn_max_age=60, conn_health_checks=True)
        )
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} cannot be read as an address; percent-encode special characters in it."
        ) from error
    if parsed["ENGINE"] != "django.db.backends.sqlite3":
        options = parsed.setdefault("OPTIONS", {})
        options["options"] = f"{_PLANNING} {options.get('options', '')}".strip()
        # Nothing may be left behind on a server that the next transaction does not meet again.
        parsed["DISABLE_SERVER_SIDE_CURSORS"] = flag(environ, "DATABASE_POOLED")
        return parsed
    if parsed["NAME"] == ":memory:":
        raise ImproperlyConfigured(
            f"{name} must name an SQLite file: web and worker are two processes that share it."
        )
    return _sqlite(Path(str(parsed["NAME"])).expanduser().resolve())


def _sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": dict(_SQLITE_OPTIONS),
    }


def require_demo_is_local(base: SplitResult, database: Mapping[str, Any]) -> None:
    """Refuse DEMO, which lets anyone act as anyone, outside a throw-away local installation."""
    if not is_loopback(base.hostname or ""):
        raise ImproperlyConfigured(
            "DEMO is refused: BASE_URL must be on this machine (127.0.0.1). Unset DEMO."
        )
    inside = Path(database["NAME"]).parent.parts if "sqlite" in database["ENGINE"] else ()
    if ("var", "demo") not in pairwise(inside):
        raise ImproperlyConfigured(
            "DEMO is refused: the database must be an SQLite file under var/demo/. Unset DEMO."
        )


def email(environ: Environ, var: Path) -> dict[str, Any]:
    """Django's EMAIL_* settings from EMAIL_URL (smtp, file or console; files in var by default)."""
    raw = text(environ, "EMAIL_URL", (var / "mail").as_uri())
    parts = _parts("EMAIL_URL", raw)
    backend = "django.core.mail.backends"
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": f"{backend}.console.EmailBackend"}
    if parts.scheme == "file" and not parts.netloc and parts.path.strip("/"):
        path = unquote(parts.path)
        return {"EMAIL_BACKEND": f"{backend}.filebased.EmailBackend", "EMAIL_FILE_PATH": path}
    if parts.scheme == "smtp" and parts.hostname:
        return {"EMAIL_BACKEND": f"{backend}.smtp.EmailBackend", **_smtp(parts)}
    raise ImproperlyConfigured(
        "EMAIL_URL must be smtp://user:password@host:port?tls=starttls, file:///folder "
        "or console://."
    )


def sender(environ: Environ, host: str) -> str:
    """EMAIL_FROM, an address with or without a name; else one at `host`."""
    raw = text(environ, "EMAIL_FROM", f"Countersign <countersign@{host}>")
    addresses = [address for _, address in getaddresses([raw])]
    try:
        if not raw.isprintable() or len(addresses) != 1:
            raise ValidationError("one line, one address")
        EmailValidator(allowlist=["localhost", host])(addresses[0])
    except ValidationError as error:
        raise ImproperlyConfigured(
            "EMAIL_FROM must be one address, such as prompts@example.org or "
            "Countersign <prompts@example.org>."
        ) from error
    return raw


def log_level(environ: Environ) -> str:
    """LOG_LEVEL as one of the names that Python's logging has."""
    level = text(environ, "LOG_LEVEL", "INFO").upper()
    if level not in _LEVELS:
        raise ImproperlyConfigured(f"LOG_LEVEL must be one of {', '.join(_LEVELS)}.")
    return level


def _smtp(parts: SplitResult) -> dict[str, Any]:
    host = parts.hostname or ""
    query = parse_qs(parts.query, keep_blank_values=True)
    if set(query) - {"tls"}:
        raise ImproperlyConfigured("EMAIL_URL takes one option only: tls.")
    tls = query.get("tls", ["none" if is_loopback(host) else "starttls"])[-1]
    if tls not in {"none", "starttls", "ssl"}:
        raise ImproperlyConfigured("EMAIL_URL: tls must be none, starttls or ssl.")
    return {
        "EMAIL_HOST": host,
        "EMAIL_PORT": parts.port or {"none": 25, "starttls": 587, "ssl": 465}[tls],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": tls == "starttls",
        "EMAIL_USE_SSL": tls == "ssl",
    }


def redis_url(environ: Environ, name: str) -> str:
    """A Redis address, or "" when the variable is absent."""
    raw = text(environ, name)
    parts = _parts(name, raw)
    number = parts.path.removeprefix("/")
    if raw and (
        parts.scheme not in {"redis", "rediss"}
        or not parts.hostname
        or (number and not (number.isascii() and number.isdigit()))
    ):
        raise ImproperlyConfigured(
            f"{name} must look like redis://host:6379/0, where 0 is the number of a database."
        )
    return raw


def broker_url(environ: Environ) -> str:
    """CELERY_BROKER_URL; else REDIS_URL; else the file queue of the embedded default."""
    raw = text(environ, "CELERY_BROKER_URL")
    if not raw:
        return redis_url(environ, "REDIS_URL") or "filesystem://"
    scheme = _parts("CELERY_BROKER_URL", raw).scheme
    if scheme not in _BROKERS:
        raise ImproperlyConfigured(
            "CELERY_BROKER_URL must look like redis://host:6379/0 or filesystem://."
        )
    return raw if scheme == "filesystem" else redis_url(environ, "CELERY_BROKER_URL")


def networks(environ: Environ, name: str) -> list[str]:
    """Addresses and networks, checked; the word `unix` stands for a local socket."""
    found = words(environ, name)
    for word in found:
        try:
            if word != "unix":
                ipaddress.ip_network(word)
        except ValueError as error:
            raise ImproperlyConfigured(
                f"{name} must list addresses or networks, such as 10.0.0.5, 10.1.0.0/16 or unix."
            ) from error
    return found


def _parts(name: str, raw: str) -> SplitResult:
    try:
        parts = urlsplit(raw)
        parts.port  # noqa: B018 - reading it is what refuses a port that is no number
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} cannot be read as an address.") from error
    return parts
