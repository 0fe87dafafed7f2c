"""Takes the pictures of README.md from a running demo: `.venv/bin/python -m tools.screenshots`.

Starts a demo of its own on a free port, in a folder that it removes, and looks at it in Chromium.
"""

import base64
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from config.children import free_port
from tools import browser

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
MOST_BYTES = 150_000
WIDTH = 1040
SOON = 60_000


def main() -> None:
    """Write every picture, and fail if one is too heavy for a page that people load."""
    path = browser.ensure()
    if path is None:
        sys.exit(browser.MISSING)
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="countersign-pictures-") as folder:
        demo = Path(folder) / "var" / "demo"
        with serving(demo) as link, sync_playwright() as playwright:
            # Without a sandbox, which root may not have; it only ever opens our own demo.
            chrome = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            context = chrome.new_context(
                viewport={"width": WIDTH, "height": 800}, color_scheme="light"
            )
            context.set_default_timeout(SOON)
            take_all(context.new_page(), link)
            chrome.close()
    heavy = [p.name for p in IMAGES.glob("*.png") if p.stat().st_size > MOST_BYTES]
    if heavy:
        sys.exit(f"Over {MOST_BYTES} bytes: {', '.join(heavy)}")


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A demo that has told its story; the address of the visitor's change."""
    environ = {**os.environ, "DEMO_DIR": str(folder), "PORT": str(free_port())}
    with subprocess.Popen(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101  # a pipe was asked for
            found = None
            while found is None:
                line = process.stdout.readline()
                if not line:
                    sys.exit("The demo ended before its story did.")
                print(line, end="", flush=True)
                found = re.search(r"your turn: (http://\S+)", line)
            yield found.group(1)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


def take_all(page: Page, link: str) -> None:
    """Walk the tour of README.md and take a picture at each stop."""
    site = link.split("/requests/")[0]
    answer = page.locator("[data-app-answer]")
    page.goto(f"{site}/")
    take(page, "reviews", 460)
    page.goto(link)
    expect(answer).to_contain_text("customer_first_name", timeout=SOON)
    take(page, "change", 880, below="[data-app-panel]")
    page.get_by_role("button", name="Approve for safety").click()
    expect(page.locator("[data-state]")).to_contain_text("and live", timeout=SOON)
    expect(answer).to_contain_text("customer_full_name", timeout=SOON)
    take(page, "live", 760)
    page.goto(f"{site}/demo/cheat/")
    page.get_by_role("button", name="Try all six").click()
    expect(page.get_by_text("✓ Held")).to_have_count(6, timeout=SOON)
    take(page, "cheat", 860)
    become(page, "Mara Lind")
    page.goto(f"{site}/prompts/sales/quote-intro/-/propose")
    text = page.get_by_label("The text", exact=True)
    text.fill(text.input_value().replace("friendly", "warm"))
    page.get_by_label("Why", exact=True).fill("Warm says it better.")
    expect(page.locator("[data-preview] ins")).to_have_text("warm", timeout=SOON)
    take(page, "propose", 740)


def become(page: Page, name: str) -> None:
    """Switch person, as the demo lets its visitor do."""
    page.get_by_text("switch person").click()
    page.get_by_role("button", name=name).click()


def take(page: Page, name: str, height: int, below: str = "header") -> None:
    """A picture of one window of the page, from the end of the element `below` on."""
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.mouse.move(0, 0)
    page.locator(below).first.evaluate(
        "(element, top) => scrollTo(0, top ? 0 : scrollY + element.getBoundingClientRect().bottom)",
        below == "header",
    )
    picture = page.screenshot(animations="disabled")
    blank = page.context.new_page()
    (IMAGES / f"{name}.png").write_bytes(lighter(blank, picture))
    blank.close()


#: every pixel of a PNG as red, green, blue; it goes to a page that has no policy of its own
_PIXELS = """async (data) => {
  const image = new Image();
  image.src = `data:image/png;base64,${data}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const all = canvas.getImageData(0, 0, image.width, image.height).data;
  const text = [];
  for (let i = 0; i < all.length; i += 4) text.push(String.fromCharCode(...all.slice(i, i + 3)));
  return [image.width, image.height, btoa(text.join(""))];
}"""


def lighter(blank: Page, picture: bytes) -> bytes:
    """The same picture, packed as tightly as zlib can; the browser packs in a hurry."""
    width, height, encoded = blank.evaluate(_PIXELS, base64.b64encode(picture).decode())
    pixels = base64.b64decode(encoded)
    line = 3 * width
    rows = b"".join(b"\0" + pixels[at : at + line] for at in range(0, len(pixels), line))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


if __name__ == "__main__":
    main()
