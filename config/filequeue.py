"""The file queue of the embedded default: kombu's, whose messages here appear whole or not."""

import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps
from typing_extensions import override


class Channel(filesystem.Channel):
    """Writes each message beside the queue and moves it in.

    kombu creates the file under its final name and fills it afterwards; a worker that looks at
    that moment takes an empty message and stops.
    """

    @override
    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:  # type: ignore[override]
        # (kombu's own two base classes name the second parameter differently)
        folder = Path(self.data_folder_out)
        # Workers take the names in their order, so that older messages come first.
        name = f"{time.monotonic_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        part = folder / f"{name}.part"
        part.write_bytes(str_to_bytes(dumps(payload)))
        part.replace(folder / name)


class Transport(filesystem.Transport):
    """The transport that settings name for `filesystem://`."""

    Channel = Channel
