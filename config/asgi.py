"""The ASGI entry point, for servers that speak it."""

import os

from django.core.asgi import get_asgi_application

from config import env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
env.require_secret_key()
application = get_asgi_application()
