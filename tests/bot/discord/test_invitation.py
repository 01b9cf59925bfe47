"""The invitation asks for what docent needs, and for no more."""

from urllib.parse import parse_qs, urlsplit

import discord
import pytest

from bot.discord.invitation import PERMISSIONS, build_invitation, list_missing_permissions

NEEDED = discord.Permissions(
    add_reactions=True,
    view_channel=True,
    send_messages=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
    create_public_threads=True,
    send_messages_in_threads=True,
)


def test_the_link_asks_for_the_scopes_and_permissions():
    link = urlsplit(build_invitation("123"))
    assert (link.netloc, link.path) == ("discord.com", "/oauth2/authorize")
    assert parse_qs(link.query) == {
        "client_id": ["123"],
        "scope": ["bot applications.commands"],
        "permissions": [str(NEEDED.value)],
    }
    assert NEEDED.value == 309237763136


@pytest.mark.parametrize("name", PERMISSIONS)
def test_each_missing_permission_is_named(name: str):
    assert list_missing_permissions(NEEDED.value & ~PERMISSIONS[name]) == [name]


def test_an_administrator_lacks_nothing():
    assert list_missing_permissions(discord.Permissions(administrator=True).value) == []
    assert list_missing_permissions(NEEDED.value) == []
    assert list_missing_permissions(0) == list(PERMISSIONS)
