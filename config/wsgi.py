"""The WSGI entry point: `gunicorn config.wsgi` in production."""

import os

from django.core.wsgi import get_wsgi_application

from config import env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
env.require_secret_key()
application = get_wsgi_application()
