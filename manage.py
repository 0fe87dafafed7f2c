#!/usr/bin/env python
"""Run Countersign's management commands: migrate, bootstrap, demo, audit_verify and the rest."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command that the shell named, with the settings of `config.settings`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
