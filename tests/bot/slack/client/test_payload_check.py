"""Malformed payloads end in one line of the log, over HTTP and over a socket."""

from __future__ import annotations

import pytest

from tests.bot.conftest import Docent
from tests.bot.slack.client.test_payloads import CLICK
from tests.servers.slack import delivery
from tests.servers.slack.delivery import Delivery


async def test_over_http_it_is_refused_with_400(docent: Docent, caplog: pytest.LogCaptureFixture):
    await docent.start_http()
    ack = await delivery.post(
        str(docent.slack.events_url),
        Delivery("interactive", CLICK | {"actions": []}),
        docent.slack.signing_secret,
    )
    assert ack.status == 400
    assert "Traceback" not in caplog.text


async def test_over_a_socket_it_is_acknowledged(docent: Docent, caplog: pytest.LogCaptureFixture):
    await docent.start()
    await docent.slack.deliver(Delivery("interactive", CLICK | {"actions": []}))
    assert "A payload that is not one of Slack's was refused." in caplog.text
    assert "Traceback" not in caplog.text
