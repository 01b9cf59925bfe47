"""The guards of `tests/conftest.py`."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import constants

from tests import network
from tests.conftest import ROOT, find_shared


@pytest.fixture(autouse=True)
def take_back():
    """What these tests have refused on purpose is no failure."""
    yield
    network.take_refused()


@pytest.mark.parametrize(
    "reach",
    [
        lambda: socket.create_connection(("192.0.2.1", 443), timeout=0.01),
        lambda: socket.getaddrinfo("slack.com", 443),
        lambda: socket.gethostbyname("slack.com"),
        lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)),
        lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 443)),
        lambda: urllib.request.urlopen("https://huggingface.co"),
        lambda: httpx2.get("https://huggingface.co"),
    ],
    ids=["connect", "lookup", "gethostbyname", "datagram", "IPv6", "urllib", "httpx2"],
)
def test_the_way_out_is_closed_and_remembered(reach):
    with pytest.raises(network.NetworkBlockedError, match="loopback"):
        reach()
    assert len(network.take_refused()) == 1


async def test_asyncio_is_guarded_too():
    with pytest.raises(network.NetworkBlockedError):
        await asyncio.open_connection("192.0.2.1", 443)


def test_loopback_and_unix_sockets_are_open(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
        socket.create_connection(("localhost", server.getsockname()[1])).close()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "s"))
    assert network.take_refused() == []


def test_the_developer_s_settings_are_out_of_sight(tmp_path):
    hidden = ("DOCENT_", "SLACK_", "OPENAI_")
    assert not [name for name in os.environ if name.startswith(hidden)]
    assert Path.cwd() == tmp_path


def test_models_are_not_looked_for_outside():
    assert constants.HF_HUB_OFFLINE
    assert os.environ["HF_HOME"] in constants.HF_HUB_CACHE


SWALLOWING = """
import contextlib, socket
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

def test_network():
    with contextlib.suppress(Exception):
        socket.getaddrinfo("slack.com", 443)

async def test_slack(slack_server):
    client = AsyncWebClient(slack_server.bot_token, base_url=slack_server.base_url)
    with contextlib.suppress(SlackApiError):
        await client.chat_postMessage(channel="C0GENERAL", text="x" * 40_001)
"""


def test_what_the_code_swallows_still_fails_the_test(tmp_path):
    module = tmp_path / "test_swallowing.py"
    module.write_text(SWALLOWING)
    options = ["-p", "tests.conftest", "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(module)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed, 2 errors" in result.stdout
    assert "the test tried to use the network: socket.getaddrinfo slack.com" in result.stdout
    assert "msg_too_long" in result.stdout


def test_shared_is_skipped_or_required(tmp_path):
    assert find_shared(tmp_path, required=True) == tmp_path
    with pytest.raises(pytest.skip.Exception, match="missing"):
        find_shared(tmp_path / "missing", required=False)
    with pytest.raises(pytest.fail.Exception, match="missing"):
        find_shared(tmp_path / "missing", required=True)
