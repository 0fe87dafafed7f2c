"""Files of a replay that only its owner may read."""

from __future__ import annotations

import os
from pathlib import Path


def written_privately(path: Path, text: str) -> Path:
    """Write a text that others on the machine must not read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)
    return path
