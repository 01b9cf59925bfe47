"""The login of a private source: from the environment or its address, never shown."""

from __future__ import annotations

import base64
import os
from urllib.parse import unquote

from dotenv import dotenv_values

from ingest.errors import SourceAccessError
from ingest.sources.source import Source


def build_authorization(source: Source, userinfo: str = "") -> str:
    """Return the Authorization header of a source; empty for none.

    The token of `token_env` is sent as Bearer, or as Basic if it is `user:password`.

    Raises:
        SourceAccessError: the variable that `token_env` names is not set.
    """
    if not source.token_env:
        return build_basic_auth(unquote(userinfo)) if userinfo else ""
    token = read_token(source)
    return build_basic_auth(token) if ":" in token else f"Bearer {token}"


def read_token(source: Source) -> str:
    """Return the value of the variable that `token_env` names.

    Raises:
        SourceAccessError: the variable is not set, or is not a valid token.
    """
    token = (os.environ.get(source.token_env) or _read_env_file(source.token_env)).strip()
    if not token or not token.isascii() or not token.isprintable():
        raise SourceAccessError(
            f"{source.token_env}, which the source {source.name} takes its token from, is not set "
            "or is not a valid token."
        )
    return token


def _read_env_file(name: str) -> str:
    """Return the variable's value in `.env`; empty if there is none.

    docent's settings may stand in that file, so the tokens may, too.
    """
    return dotenv_values(".env").get(name) or ""


def build_basic_auth(login: str) -> str:
    """Return the Basic header of `user:password`, or of a user alone."""
    login = login if ":" in login else f"{login}:"
    return f"Basic {base64.b64encode(login.encode()).decode()}"
