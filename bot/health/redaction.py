"""The last line of defence of secrets: their values are taken out of log lines and errors.

No line should hold one. This is for lines of dependencies, and for what a server sends back.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from dotenv import dotenv_values

_SECRET_NAME = re.compile(
    r"(?:PASSWORD|PASSWD|(?:^|_)(?:TOKEN|SECRET|KEY|PASS|HEADERS|CREDENTIALS?|LOGIN|AUTH))$"
)
_TOKEN_NAME = re.compile(r"token_env[\"']?\s*[:=]\s*[\"']?(\w+)")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>]+")
_TELLING_PARAMETER = (
    r"(?:[\w-]{0,64}?(?:token|secret|password|signature|credential)s?(?:[-_]\w{0,64})?"
    r"|(?:[\w-]{0,64}?[-_])?(?:api|access|private|auth|account|subscription)?key"
    r"|(?:[\w-]{0,64}?[-_])?(?:ticket|sig))"
)
_SOURCES = "DOCENT_SOURCES"
_TOKENS = "DOCENT_MCP_TOKENS"

_SHORT = 4
_LONG = 8
_LONGEST_WORD = 15
"""Letters; the handbook and the code have five longer words, and app passwords begin at 16."""

# Random letters have few vowels, or many consonants in a row.
_UNLIKE_WORD = re.compile(r"[^\W\daeiouy_]{6}|[aeiouy]{5}|(.)\1\1", re.IGNORECASE)
_LEAST_VOWELS = 0.2

# What stands before a value, such as `password=`, `"api_key": "` or `Bearer `.
_BEFORE_VALUE = (
    r"((?i:pass(?:word|wd|phrase)?|pwd|secret|token|credential|key|login|auth|bearer|basic)"
    r"(?:[\w-]{0,32}(?:\s\w{1,20}){0,3}[\\\"'`]*\s?[=:]>?\s*(?:(?i:bearer|basic)\s+)?b?[\\\"'`]*"
    r"|[\w-]{0,32}\s+b?[\\\"'`]+|(?<=(?i:bearer))\s+|(?<=(?i:basic))\s+))"
)

_KNOWN_FORMS = (
    (re.compile(r"(?<=://)[^\s/?#\"'<>@]*(?:@[^\s/?#\"'<>@]*)*@"), "…@"),
    (re.compile(r"\bx(?:ox[a-z]|app)-[\w-]{6,}"), "…"),
    # Behind `Authorization`, or with a digit or `=`: "Basic Tutorials" is not a login.
    (
        re.compile(
            r"(\bauthorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic)\s+)[\w.~+/=-]{4,}"
            r"|(\b(?:bearer|basic)\s+)(?=[\w.~+/-]*[\d=])[\w.~+/=-]{6,}",
            re.IGNORECASE,
        ),
        lambda found: f"{found[1] or found[2]}…",
    ),
    (
        re.compile(
            rf"([?&;]{_TELLING_PARAMETER}=)[^&\s\"'<>]+",
            re.IGNORECASE,
        ),
        r"\1…",
    ),
)
"""Logins in addresses, Slack's tokens, headers and query parameters, with any values."""


class Redactor:
    """Takes the values of secrets out of texts.

    A secret that could be a word, such as `database`, is replaced only where a value stands, as in
    `password=database`: with all places gone, a line is hard to read, and tells the secret.

    Args:
        secrets: the values; those of fewer than four characters are not replaced.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        telling = {secret for secret in secrets if len(secret) >= _SHORT}
        self._words = {secret for secret in telling if is_like_a_word(secret)}
        self._values = _compile_any(_list_forms(telling - self._words))
        self._placed_words = _compile_any(self._words, before=_BEFORE_VALUE, after=r"(?!\w)")

    @classmethod
    def load(cls, env_file: Path = Path(".env")) -> Redactor:
        """Build one for environment, `.env` and command line."""
        try:
            written = dotenv_values(env_file)
        except (OSError, ValueError):  # docent has said so, or will
            written = {}
        settings = {name: value for name, value in written.items() if value} | os.environ
        return cls([*list_secrets(settings), *_list_logins(" ".join(sys.argv), is_source=True)])

    def redact(self, text: str) -> str:
        """Return the text with `…` in the place of each secret."""
        if self._values:
            text = self._values.sub("…", text)
        if self._placed_words and any(word in text for word in self._words):
            text = self._placed_words.sub(r"\1…", text)
        for form, replacement in _KNOWN_FORMS:
            text = form.sub(replacement, text)
        return text


def list_secrets(settings: Mapping[str, str]) -> set[str]:
    """Return what may not be shown of these variables.

    These are the values of variables that are named like a secret or that a source takes its token
    from, and the logins and queries of all addresses.
    """
    names = {name for value in settings.values() for name in _TOKEN_NAME.findall(value)}
    secrets: set[str] = set()
    for name, value in settings.items():
        if _SECRET_NAME.search(name.upper()) or name in names:
            secrets |= set(_split_value(value))
        if name.upper() == _TOKENS:
            secrets |= {value.strip()} | {
                entry.partition(":")[2] for entry in re.split(r"[\s,]+", value)
            }
        secrets |= set(_list_logins(value, is_source=name.upper() == _SOURCES))
    return secrets


def _split_value(value: str) -> Iterator[str]:
    """Yield a secret, its values of headers and its password."""
    yield value.strip()
    for header in value.split(","):
        name, is_header, content = header.partition("=")
        words = unquote(content if is_header else name).split()
        if words and (is_header or len(words) > 1 or ":" in words[-1]):
            yield words[-1]
            yield words[-1].partition(":")[2]


def _list_logins(text: str, *, is_source: bool) -> Iterator[str]:
    """Yield the logins and query values of the addresses in a text."""
    # A setting may name several addresses.
    for address in _ADDRESS.findall(re.sub(r"(?i),(?=https?://)", " ", text)):
        rest = address.partition("://")[2]
        # A source may be named `host/repository@branch`; elsewhere the last `@` ends the login.
        host = re.split("[/?#]", rest)[0] if is_source else rest
        login = host.rpartition("@")[0]
        if login:
            user, colon, password = login.partition(":")
            yield from (login, password if colon else user)
            yield base64.b64encode(unquote(login).encode()).decode().rstrip("=")
            if not is_source:
                yield from re.split("[@/?#:]", password)
        try:
            query = urlsplit(address).query
        except ValueError:
            continue
        for part in query.split("&"):
            name, is_named, value = part.partition("=")
            is_telling = re.fullmatch(_TELLING_PARAMETER, name, re.IGNORECASE) is not None
            is_mixed = re.search(r"(?i)[a-z].*\d|\d.*[a-z]", value) is not None
            # The query of a source names pages, that of a server may be all of a login.
            is_server = not is_source and not name.lower().endswith("version")
            if not is_named or is_telling or is_mixed or is_server:
                yield value or part


def is_like_a_word(secret: str) -> bool:
    """Return whether a secret looks like a word or number."""
    if len(secret) < _LONG:
        return secret.isalpha() or secret.isdigit()
    is_one_case = secret.islower() or secret.isupper() or secret.istitle()
    if not (secret.isalpha() and is_one_case) or len(secret) > _LONGEST_WORD:
        return False
    if not secret.isascii():
        return True
    vowels = sum(letter in "aeiouy" for letter in secret.lower())
    return vowels >= _LEAST_VOWELS * len(secret) and not _UNLIKE_WORD.search(secret)


def _compile_any(
    forms: Iterable[str], *, before: str = "", after: str = ""
) -> re.Pattern[str] | None:
    """Return a pattern of texts, the longest first; None for none."""
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    any_form = "|".join(map(re.escape, longest_first))
    return re.compile(f"{before}(?:{any_form}){after}") if any_form else None


def _list_forms(secrets: Iterable[str]) -> set[str]:
    return {form for secret in secrets for form in _list_spellings(secret)}


def _list_spellings(secret: str) -> set[str]:
    """Return the ways in which a line may write a secret."""
    plain = unquote(secret)
    written = {secret, plain, quote(plain, safe=""), quote(plain)}
    return written | {json.dumps(plain)[1:-1], repr(plain)[1:-1]}
