"""A real worker of the product whose scanner misbehaves on marked texts; for tests only.

Started as `celery -A tests.hostile_worker`. The marks are in the prompt's text:

- HANG        the scanner never returns, as a careless regular expression would not
- SHIELD      it never returns and swallows the polite time limit, too
- BREAK       it raises
- STOP <file> it writes the file and waits until it is removed: a scan caught in the middle
"""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from approvals import scanning
from config import celery_app as app

_real = scanning.scan_document


def scan_document(document: Mapping[str, Any]) -> scanning.Report:
    """The real scan, after whatever the text's mark asks for."""
    text = str(document["template"])
    if "SHIELD" in text:
        while True:
            try:
                while True:
                    pass
            except BaseException:  # noqa: S112  # a scanner that will not listen
                continue
    if "HANG" in text:
        while True:
            pass
    if "BREAK" in text:
        raise RuntimeError("the scanner broke")
    stop = re.search(r"STOP (\S+)", text)
    if stop:
        file = Path(stop.group(1))
        file.touch()
        while file.exists():
            time.sleep(0.01)
    return _real(document)


scanning.scan_document = scan_document

__all__ = ["app"]
