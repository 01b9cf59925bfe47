"""Takes the pictures: `python -m tests.pictures`, or some of them with their names behind it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

from tests.pictures.catalog import DIGESTS, IMAGES, digest, draw_pages

WIDTH, HEIGHT, SCALE = 720, 1_400, 2
MARGIN = 14
COLOURS = 128


def shoot(chromium: str, page: str, name: str) -> None:
    """Photograph a page without a window, and cut off what is empty below it."""
    with tempfile.TemporaryDirectory() as folder:
        file, shot = Path(folder) / f"{name}.html", Path(folder) / f"{name}.png"
        file.write_text(page)
        command = [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--force-device-scale-factor={SCALE}",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={shot}",
            file.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        with Image.open(shot) as image:
            cut(image.convert("RGB")).quantize(COLOURS).save(IMAGES / f"{name}.png", optimize=True)


def cut(image: Image.Image) -> Image.Image:
    """The picture down to its last line that differs from the background, and the margin."""
    background = Image.new("RGB", image.size, image.getpixel((0, 0)))
    box = ImageChops.difference(image, background).getbbox()
    if box is None:
        raise SystemExit("The page is empty.")
    return image.crop((0, 0, image.width, min(image.height, box[3] + SCALE * MARGIN)))


def main() -> None:
    """Take those that are named, or all of them."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is not installed: on Debian, apt-get install chromium.")
    stored = json.loads(DIGESTS.read_text()) if DIGESTS.exists() else {}
    pages = draw_pages()
    for name in sys.argv[1:] or pages:
        shoot(chromium, pages[name], name)
        stored[name] = digest(pages[name])
    DIGESTS.write_text(json.dumps({name: stored[name] for name in pages}, indent=2) + "\n")


if __name__ == "__main__":
    main()
