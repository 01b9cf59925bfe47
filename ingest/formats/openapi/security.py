"""Authentication: what an operation needs, and what the schemes of an API are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.formats.openapi.values import Fields, format_code, get_fields, get_line, get_text

_FLOWS = {"authorizationUrl": "authorize at", "tokenUrl": "token from", "refreshUrl": "refresh at"}


def describe_requirements(security: object, schemes: Fields) -> str:
    """Return a sentence about the authentication of an operation.

    Return an empty text if the description does not say.
    """
    if not isinstance(security, list):
        return ""
    ways = list(dict.fromkeys(_describe_way(way, schemes) for way in security[:50]))
    named = [way for way in ways if way]
    if not named:
        return "Authentication: none."
    optional = " (optional)" if len(named) < len(ways) else ""
    return f"Authentication{optional}: {'; or '.join(named)}."


def _describe_way(way: object, schemes: Fields) -> str:
    parts = []
    for name, scopes in way.items() if isinstance(way, dict) else ():
        scheme = schemes.get(name)
        kind = describe_scheme(scheme)
        text = f"{format_code(name)} ({kind})" if kind else format_code(name)
        words = [format_code(s) for s in scopes if isinstance(s, str)] if _is_list(scopes) else []
        parts.append(f"{text} with {', '.join(words)}" if words else text)
    return " and ".join(parts)


def describe_scheme(scheme: object) -> str:
    """Return a scheme in a few words, such as `HTTP bearer, JWT`."""
    kind = get_line(scheme, "type")
    if kind == "apiKey":
        return (
            f"API key in {get_line(scheme, 'in')} {format_code(get_line(scheme, 'name'))}".strip()
        )
    if kind == "http":
        form = get_line(scheme, "bearerFormat")
        return f"HTTP {get_line(scheme, 'scheme')}{f', {form}' if form else ''}"
    names = {"oauth2": "OAuth 2", "openIdConnect": "OpenID Connect", "basic": "HTTP basic"}
    return names.get(kind, "mutual TLS" if kind == "mutualTLS" else kind)


def list_scheme_lines(name: str, scheme: object) -> Iterator[str]:
    """Yield a scheme's lines of Markdown: its kind, description, addresses and scopes."""
    yield f"**{name}**: {describe_scheme(scheme) or 'unknown'}"
    if description := get_text(scheme, "description"):
        yield description
    if address := get_line(scheme, "openIdConnectUrl"):
        yield f"Configuration: {address}"
    flows = get_fields(scheme, "flows")
    if get_line(scheme, "flow"):  # OpenAPI 2 has one flow
        flows = {get_line(scheme, "flow"): scheme}
    for flow, fields in flows.items():
        yield from _list_flow_lines(flow, fields)


def _list_flow_lines(flow: str, fields: Any) -> Iterator[str]:
    places = [f"{verb} {get_line(fields, key)}" for key, verb in _FLOWS.items()
              if get_line(fields, key)]  # fmt: skip
    yield f"Flow {format_code(flow)}{': ' if places else ''}{', '.join(places)}"
    scopes = get_fields(fields, "scopes")
    items = [f"- {format_code(scope)}: {get_line(scopes, scope)}" for scope in scopes]
    if items:
        yield "\n".join(items[:500])


def _is_list(value: object) -> bool:
    return isinstance(value, list)
