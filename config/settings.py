"""The one settings file: everything that differs between installations comes from the environment.

`docs/production.md` lists the variables; `config/env.py` reads and refuses them.
"""

import os
import sys
from pathlib import Path
from typing import Any

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.folder(os.environ, "VAR_DIR", BASE_DIR / "var")

# --- Where and for whom ---------------------------------------------------------------------------
DEBUG = env.flag(os.environ, "DEBUG")
_BASE = env.base_url(os.environ, debug=DEBUG)
BASE_URL = f"{_BASE.scheme}://{_BASE.netloc}"
_HOST = _BASE.hostname or ""
_HTTPS = _BASE.scheme == "https"
_LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]

# Commands and tests that sign nothing run without a key; web, worker and bootstrap call
# `env.require_secret_key()` and refuse to start.
SECRET_KEY = env.secret_key(os.environ) or env.process_key()
ALLOWED_HOSTS = env.words(os.environ, "ALLOWED_HOSTS") or (
    _LOOPBACK if env.is_loopback(_HOST) else [_HOST]
)
DATABASES = {"default": env.database(os.environ, sys.argv, VAR_DIR)}
DEMO = env.flag(os.environ, "DEMO")
if DEMO:
    env.require_demo_is_local(_BASE, DATABASES["default"])

# --- Parts ----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    # First, because its commands stand in for those of Django that would write past the verbs.
    "config",
    # Templates of unfold stand in for those of the admin and of simple-history: it comes first.
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "guardian",
    "simple_history",
    "ninja",
    "csp",
    "audit",
    "registry",
    "approvals",
]
MIDDLEWARE = [
    # Outermost: whatever a layer below answers, an error of the API has the API's form.
    "config.problems.problems_of_the_api",
    "config.middleware.trusted_proxy",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    # Before the next, which reads the form to find its token in it.
    "config.middleware.BodyLimit",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "config.middleware.ReadableForms",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.ContentSecurityPolicy",
    *(["config.demo.visitor.visitor"] if DEMO else []),
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.installation",
                *(["config.demo.context.demo"] if DEMO else []),
            ],
        },
    },
]

# --- Data -----------------------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# A verb opens its own transaction and decides what happens after the commit.
ATOMIC_REQUESTS = False
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
MAX_PROMPT_BYTES = env.whole(os.environ, "MAX_PROMPT_BYTES", 1024 * 1024)
# A text of 10 MB whose every byte arrives percent-encoded can still be read, and given back with
# the sentence that says what is too large.
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024
# A form sends three fields for each message of a chat, and a chat may have 10,000. One that has
# three times as many can still be read, and given back with the sentence that says so.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100_000

_REDIS_URL = env.redis_url(os.environ, "REDIS_URL")
# Several installations, and test runs, may share one Redis: each keeps to its own prefix.
REDIS_KEY_PREFIX = env.text(os.environ, "REDIS_KEY_PREFIX", "countersign:")
_REDIS: dict[str, Any] = {
    "BACKEND": "config.caching.OwnRedisCache",
    "LOCATION": _REDIS_URL,
    "KEY_PREFIX": f"{REDIS_KEY_PREFIX}cache",
    "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
}
CACHES: dict[str, Any] = {
    "default": _REDIS
    if _REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Wrong passwords, which all processes have to count together; nobody is to be kept from signing
    # in by a Redis that is down.
    "tries": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "registry_tries",
        # Beyond so many, places that are still taken would be freed: five rows a person.
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    },
}

# Dotted paths, because the ledger knows nothing of the floors above it.
AUDIT_GUARDS = ["audit.guards.SPECS", "registry.guards.SPECS", "approvals.guards.SPECS"]
AUDIT_RECONCILERS = ["registry.reconcile.reconciler", "approvals.reconcile.reconciler"]
# What no text may hold that others are shown: each is called with its field and the text.
TEXT_RULES = ["approvals.disclosure.refuse_secret"]
# With one governance owner only, who then decides on their own changes of policies: said on every
# page and in every entry of the audit log.
SINGLE_OWNER = env.flag(os.environ, "SINGLE_OWNER")
# Each event says whether it comes from a demo, where anyone may act as anyone.
AUDIT_MODE = "demo" if DEMO else "single_owner" if SINGLE_OWNER else "standard"

# --- People ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "registry.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
# The user model carries guardian's mixin itself.
GUARDIAN_MONKEY_PATCH_USER = False
_PASSWORDS = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_PASSWORDS}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_PASSWORDS}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_PASSWORDS}.CommonPasswordValidator"},
    {"NAME": f"{_PASSWORDS}.NumericPasswordValidator"},
]
# Seconds that a link to set a password works.
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL

# --- The web --------------------------------------------------------------------------------------
CSRF_FAILURE_VIEW = "approvals.views.kept.csrf_failure"
CSRF_TRUSTED_ORIGINS = [BASE_URL] if _HTTPS else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _HTTPS
SECURE_HSTS_SECONDS = env.whole(os.environ, "HSTS_SECONDS", 31_536_000) if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _HTTPS
# A load balancer asks over plain http from inside.
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
X_FRAME_OPTIONS = "DENY"
# Asking browser makers to preload a domain is for the owner of the domain, not for one app on it.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
TRUSTED_PROXY = env.networks(os.environ, "TRUSTED_PROXY")
if TRUSTED_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# With STATIC_ROOT, `collectstatic` writes there under names that carry a digest, cached for ever.
# Without it (demo, tests) the files are served from where they lie.
STATIC_ROOT = env.text(os.environ, "STATIC_ROOT") or None
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
_STATIC = (
    "whitenoise.storage.CompressedManifestStaticFilesStorage"
    if STATIC_ROOT
    else "django.contrib.staticfiles.storage.StaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _STATIC},
}

# --- Mail -----------------------------------------------------------------------------------------
_EMAIL = env.email(os.environ, VAR_DIR)
EMAIL_BACKEND = _EMAIL["EMAIL_BACKEND"]
EMAIL_FILE_PATH = _EMAIL.get("EMAIL_FILE_PATH")
EMAIL_HOST = _EMAIL.get("EMAIL_HOST", "localhost")
EMAIL_PORT = _EMAIL.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _EMAIL.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _EMAIL.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _EMAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
EMAIL_SUBJECT_PREFIX = "[Countersign] "
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.sender(
    os.environ, "localhost" if env.is_loopback(_HOST) else _HOST
)

# --- Background work ------------------------------------------------------------------------------
CELERY_BROKER_URL = env.broker_url(os.environ)
_FILE_QUEUE = CELERY_BROKER_URL.startswith("filesystem:")
QUEUE_DIR = VAR_DIR / "queue"
CELERY_BROKER_TRANSPORT = "config.filequeue:Transport" if _FILE_QUEUE else None
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {
        "data_folder_in": str(QUEUE_DIR / "messages"),
        "data_folder_out": str(QUEUE_DIR / "messages"),
        "control_folder": str(QUEUE_DIR / "control"),
        "polling_interval": 0.1,
    }
    if _FILE_QUEUE
    else {
        "global_keyprefix": REDIS_KEY_PREFIX,
        # A page that sends work to a broker that is down waits this long, once, and goes on.
        "socket_connect_timeout": 1,
        # Longer than a worker's own wait for a message, so that only a broker that hangs meets it.
        "socket_timeout": 5,
        "max_retries": 0,
    }
)
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# The rows of the database say what is done and what is due; a lost message is found by the sweep.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Seconds that one scan may take before it is asked to stop, and before its process is killed.
SCAN_SOFT_LIMIT = env.whole(os.environ, "SCAN_SOFT_LIMIT", 20)
SCAN_HARD_LIMIT = env.whole(os.environ, "SCAN_HARD_LIMIT", 30)
if SCAN_HARD_LIMIT <= SCAN_SOFT_LIMIT:
    raise ImproperlyConfigured("SCAN_HARD_LIMIT must be more seconds than SCAN_SOFT_LIMIT.")
CELERY_TASK_SOFT_TIME_LIMIT = SCAN_SOFT_LIMIT
CELERY_TASK_TIME_LIMIT = SCAN_HARD_LIMIT
# Orders to running workers are broadcasts, which a folder of files keeps for ever.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = not _FILE_QUEUE
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
SWEEP_SECONDS = env.whole(os.environ, "SWEEP_SECONDS", 5 if _FILE_QUEUE else 15)
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "approvals.sweep",
        "schedule": float(SWEEP_SECONDS),
        # A tick that waited longer than the next one is of no use.
        "options": {"expires": SWEEP_SECONDS},
    },
    # It owes a mail once a day; hourly, so that one that stood still at midnight catches up.
    "digest": {"task": "approvals.digest", "schedule": crontab(minute=7)},
}

# --- The admin's look -----------------------------------------------------------------------------
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Countersign",
    "SITE_HEADER": "Countersign",
    "SITE_SUBHEADER": "Governance",
    "SITE_URL": "/",
    "SITE_SYMBOL": "approval",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"navigation": "approvals.admin.menu.navigation"},
    "ENVIRONMENT": "config.context.environment",
    "DASHBOARD_CALLBACK": "approvals.admin.menu.front_page",
    "STYLES": ["approvals.admin.menu.styles"],
    "LOGIN": {"form": "approvals.sign_in.AdminSignInForm"},
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "approvals.admin.menu.favicon"}
    ],
    # The product's accent, #0b5d53, is step 600, which the theme's buttons and links take.
    "COLORS": {
        "primary": {
            "50": "#eefaf7",
            "100": "#d3f2ea",
            "200": "#a8e4d7",
            "300": "#72cfbe",
            "400": "#3fb3a1",
            "500": "#1f9585",
            "600": "#0b5d53",
            "700": "#0a5048",
            "800": "#09443d",
            "900": "#083832",
            "950": "#042421",
        },
    },
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.log_level(os.environ)},
    "loggers": {
        # Django's own set-up adds handlers that print or mail; one line on stderr is enough.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        # Anybody can send a host name that is not ours, and fill the log.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        # A queue of files has no host, and kombu says so at each connection.
        "kombu.connection": {"level": "ERROR" if _FILE_QUEUE else "INFO"},
    },
}
