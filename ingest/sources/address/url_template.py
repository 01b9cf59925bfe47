"""Templates that make the URL of a page from its path."""

from __future__ import annotations

import re
import string
from pathlib import PurePosixPath
from urllib.parse import quote

from rag_core.errors import SettingsError

_INDEX_PAGES = {"index", "readme", "_index"}
_DOUBLE_SLASH = re.compile(r"(?<![:/])/{2,}")


def build_placeholders(path: str) -> dict[str, str]:
    """Return the values of a template's placeholders, percent-encoded.

    For `en/faq/product faq.md`: path `en/faq/product%20faq.md`, path_stem and slug
    `en/faq/product%20faq`, stem `product%20faq`. The slug of an index page is its folder:
    `en/faq` for `en/faq/index.md`.
    """
    pure = PurePosixPath(path)
    return {
        "path": quote(path),
        "path_stem": quote(str(pure.with_suffix(""))),
        "stem": quote(pure.stem),
        "slug": quote(_build_slug(pure)),
    }


def fill_template(template: str, path: str) -> str:
    """Return the URL of the page at `path`.

    An empty slug leaves no double slash behind.
    """
    url = template.format(**build_placeholders(path))
    return url if _build_slug(PurePosixPath(path)) else _DOUBLE_SLASH.sub("/", url)


def check_template(template: str) -> None:
    """Check that a template can be filled.

    Raises:
        SettingsError: its braces don't match, or it names no placeholder or an unknown one.
    """
    try:
        parsed = [part[1:] for part in string.Formatter().parse(template) if part[1] is not None]
    except ValueError as error:
        raise SettingsError(f"The url template {template} is not valid: {error}.") from error
    placeholders = set(build_placeholders("a.md"))
    is_valid = all(
        name in placeholders and not spec and not conversion for name, spec, conversion in parsed
    )
    if not parsed or not is_valid:
        raise SettingsError(
            f"The url template {template} needs {{path}}, {{path_stem}}, {{stem}} or {{slug}}, and "
            "no others."
        )


def _build_slug(path: PurePosixPath) -> str:
    stem = path.parent if path.stem.lower() in _INDEX_PAGES else path.with_suffix("")
    return "" if str(stem) == "." else str(stem)
