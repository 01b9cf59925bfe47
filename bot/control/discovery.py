"""Finds the running service; quick to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.control.socket_path import build_socket_path, is_private_socket
from ingest.settings import IngestSettings

if TYPE_CHECKING:
    from bot.control.client import ControlClient


def find_service(settings: IngestSettings) -> ControlClient | None:
    """Return the running service that holds the index.

    Most of the time there is none, and the imports of its client would take longer than an answer
    or a rollback.

    Raises:
        ControlError: a service is there but refuses connections.
    """
    path = build_socket_path(settings)
    if path is None or not is_private_socket(path):
        return None
    from bot.control.client import ControlClient

    return ControlClient.find(settings)
