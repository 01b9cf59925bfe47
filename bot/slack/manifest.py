"""The manifest of the Slack app, for Socket Mode or HTTP mode."""

from __future__ import annotations

import json
import re
from importlib import resources
from urllib.parse import quote, urlsplit

from bot.settings import BotSettings
from bot.slack.client.transport import EVENTS_PATH
from rag_core.errors import SettingsError

MCP_PATH = "/mcp"
MANIFEST_NAME = "slack-manifest.yaml"
NEW_APP_URL = "https://api.slack.com/apps?new_app=1"


def build_manifest(settings: BotSettings, url: str = "", slackbot: str = "") -> str:
    """Build the manifest of the app that these settings need, as YAML.

    Args:
        settings: the transport; a port of HTTP mode needs an address.
        url: the public address of HTTP mode; empty for Socket Mode.
        slackbot: the public address of the port for programs; empty without Slackbot.

    Returns:
        The manifest, with its comments.

    Raises:
        SettingsError: HTTP mode lacks its address, or the address is none that Slack takes.
    """
    manifest = resources.files(__package__).joinpath(MANIFEST_NAME).read_text(encoding="utf-8")
    if slackbot:
        manifest = _add_mcp_server(manifest, _complete_url(slackbot, MCP_PATH))
    if url:
        return _add_request_url(manifest, _complete_url(url, EVENTS_PATH))
    if settings.http_port is not None:
        raise SettingsError(
            f"DOCENT_HTTP_PORT={settings.http_port} means HTTP mode, so Slack must know docent's "
            "address: run `docent manifest --url https://docent.example.com`."
        )
    return manifest


def build_new_app_url(manifest: str) -> str:
    """Return the address where Slack makes an app of the manifest."""
    return f"{NEW_APP_URL}&manifest_yaml={quote(manifest, safe='')}"


def _complete_url(url: str, path: str) -> str:
    """Return the address of a path that Slack calls."""
    try:
        parts = urlsplit(url.strip())
        is_valid = parts.scheme == "https" and bool(parts.hostname) and not parts.query
    except ValueError:
        is_valid = False
    if not is_valid or re.search(r"[\s\x00-\x1f\x7f]", url.strip()):
        raise SettingsError(
            "The public address is not one that Slack takes: it must be https:// with a host, such "
            "as https://docent.example.com."
        )
    base = url.strip().partition("#")[0].rstrip("/")
    return base if base.endswith(path) else base + path


def _add_mcp_server(manifest: str, url: str) -> str:
    """Let Slackbot ask at an address, by its scope and its server."""
    before = "      - mpim:history"
    scoped = manifest.replace(before, f"      - mcp:connect # Slackbot asks docent\n{before}")
    server = f"  docent:\n    url: {json.dumps(url)}\n    auth_type: slack_identity_auth\n"
    return f"{scoped.rstrip()}\nmcp_servers:\n{server}"


def _add_request_url(manifest: str, url: str) -> str:
    """Set the address wherever Slack sends something, and turn Socket Mode off."""
    value = json.dumps(url)  # a JSON text is one of YAML, too
    for pattern, text in (
        (r"^( +)- command: .+$", r"\g<0>\n\g<1>  url: "),
        (r"^( +)event_subscriptions:$", r"\g<0>\n\g<1>  request_url: "),
        (r"^( +)interactivity:\n +is_enabled: true$", r"\g<0>\n\g<1>  request_url: "),
    ):
        escaped = value.replace("\\", r"\\")
        manifest = re.sub(pattern, text + escaped, manifest, flags=re.MULTILINE)
    return manifest.replace("socket_mode_enabled: true", "socket_mode_enabled: false")
