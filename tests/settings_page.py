"""The reference of all settings, made from the code: `python -m tests.settings_page`."""

from __future__ import annotations

import re

from tests.conftest import ROOT
from tests.handbook import DOCS, default, settings

PAGE = DOCS / "settings.md"
EXAMPLE = ROOT / ".env.example"

_HEAD = """# Settings

docent reads its settings from environment variables and from the file `.env` in the folder it is \
started in. Environment variables take precedence. An empty value means the default. \
[Configuration](configuration.md) says which page explains which, and `.env.example` is a \
file to copy. This page is made from the code by `python -m tests.settings_page`.
"""


def build_page() -> str:
    """Build the page: a table for each section of `.env.example`."""
    known = settings()
    parts = [_HEAD]
    for section in EXAMPLE.read_text().split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        lines = ["| setting | default | what it does |", "|---|---|---|"]
        for variable in re.findall(r"^#?([A-Z][A-Z_]+)=", body, re.MULTILINE):
            value = f"`{default(known[variable])}`" if default(known[variable]) else ""
            lines.append(f"| `{variable}` | {value} | {known[variable].description} |")
        parts += [f"## {title}\n", "\n".join(lines) + "\n"]
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(build_page())
