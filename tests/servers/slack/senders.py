"""Deeds of people and other bots in the local Slack, sent to the app and acked by it."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.servers.slack import delivery as slack_delivery
from tests.servers.slack import events
from tests.servers.slack.delivery import Ack, Delivery, Sockets
from tests.servers.slack.response_urls import ResponseUrls
from tests.servers.slack.store import ALICE, BOT_USER, GENERAL, Channel, Message, SlackError, Store

ACK_SECONDS = 10


class Senders:
    """The sending half of `SlackServer`. Each method returns once the app has acked.

    Attributes:
        ack_seconds: for the app to connect, and again for its ack.
    """

    store: Store
    sockets: Sockets
    response_urls: ResponseUrls
    signing_secret: str
    events_url: str | None = None
    deliver_twice = False
    interact_twice = False
    last_interaction: Delivery | None = None
    double_mentions: str | None = None
    ack_seconds: float = ACK_SECONDS

    def said(
        self,
        text: str,
        *,
        channel: str = GENERAL,
        user: str = ALICE,
        ts: str | None = None,
        thread_ts: str | None = None,
        **content: Any,
    ) -> Message:
        """Put a message into the channel without telling the app.

        `content` may hold blocks, attachments, files, a subtype and a bot's id.
        """
        known = self.store.all.get((channel, ts or ""))
        return known or self.store.add(
            Message(
                channel=channel,
                ts=ts or self.store.new_ts(),
                user=user,
                text=text,
                thread_ts=thread_ts,
                **({"blocks": events.rich_text(text)} | content),
            )
        )

    async def mention(
        self,
        text: str,
        *,
        channel: str = GENERAL,
        user: str = ALICE,
        ts: str | None = None,
        thread_ts: str | None = None,
        **content: Any,
    ) -> Message:
        """A person mentions docent in a channel; the mention is put in front where it lacks."""
        if f"<@{BOT_USER}" not in text:
            text = f"<@{BOT_USER}> {text}"
        message = self.said(text, channel=channel, user=user, ts=ts, thread_ts=thread_ts, **content)
        await self._send_said(message, kinds=self._mention_kinds())
        return message

    async def dm(
        self,
        text: str,
        *,
        user: str = ALICE,
        ts: str | None = None,
        thread_ts: str | None = None,
        **content: Any,
    ) -> Message:
        """A person writes to docent directly."""
        channel = self.store.open_direct(user).id
        message = self.said(text, channel=channel, user=user, ts=ts, thread_ts=thread_ts, **content)
        await self._send_said(message, kinds=["message"])
        return message

    async def message(
        self,
        text: str,
        *,
        channel: str = GENERAL,
        user: str = ALICE,
        ts: str | None = None,
        thread_ts: str | None = None,
        subtype: str | None = None,
        bot_id: str | None = None,
        **content: Any,
    ) -> Message:
        """Any `message` event: from a person, of a subtype, from a bot."""
        message = self.said(text, channel=channel, user=user, ts=ts, thread_ts=thread_ts, **content)
        message.subtype, message.bot_id = subtype, bot_id
        await self._send_said(message, kinds=["message"])
        return message

    async def edit(self, message: Message, text: str, *, after: float = 5) -> None:
        """The author edits, seconds `after` writing; in a channel a mention comes as such too."""
        before = message.as_json()
        message.text, message.edited = text, f"{float(message.ts) + after:.6f}"
        message.blocks = events.rich_text(text)
        channel = self.store.channels[message.channel]
        bodies = [events.changed(message, before, channel)]
        if channel.kind != "im" and f"<@{BOT_USER}" in text:
            bodies.append(events.said(message, channel, kind="app_mention"))
        await asyncio.gather(*map(self.event, bodies))

    async def delete(self, message: Message) -> None:
        """The author deletes the message; one with replies leaves a tombstone."""
        channel = self.store.channels[message.channel]
        replies = self.store.messages(message.channel, message.ts)
        del self.store.all[message.channel, message.ts]
        if any(reply.ts != message.ts for reply in replies):
            await self.event(events.tombstone(message, channel))
        else:
            await self.event(events.deleted(message, channel))

    async def stop(self, question: Message) -> None:
        """A person presses Stop in the thread of a question: Slack ends its streams first."""
        thread_ts = question.thread_ts or question.ts
        live = [m for m in self.store.messages(question.channel, thread_ts) if m.live]
        for message in live:
            message.stream = "stopped_by_user"
        await self.event(
            {
                "type": "agent_session_stopped",
                "channel": question.channel,
                "thread_ts": thread_ts,
                "streaming_message_ts": [message.ts for message in live],
                "user": question.user,
                "event_ts": self.store.new_ts(),
            }
        )

    async def event(self, body: dict[str, Any]) -> None:
        """Any event, for instance `{"type": "reaction_added", ...}`; twice if so switched."""
        payload = events.callback(body)
        deliveries = [Delivery("events_api", payload)]
        if self.deliver_twice:
            deliveries.append(Delivery("events_api", payload, attempt=1, reason="http_timeout"))
        await asyncio.gather(*map(self.deliver, deliveries))

    async def slash(
        self, command: str, text: str = "", *, user: str = ALICE, channel: str = GENERAL
    ) -> Ack:
        """A slash command; text that comes with the ack becomes a message."""
        where = self.store.channels[channel]
        payload = events.slash(
            command,
            text,
            user=(user, self.store.users[user]),
            channel=where,
            urls=self._urls(channel, user),
        )
        ack = await self._interact(Delivery("slash_commands", payload))
        self._respond_from_ack(ack, where, user)
        return ack

    async def action(
        self, message: Message, action_id: str, *, user: str = ALICE, value: str | None = None
    ) -> Ack:
        """A click; `value` chooses between feedback buttons or options.

        Raises:
            LookupError: the message shows no such element.
        """
        payload = events.clicked(
            message,
            events.find_action(message, action_id, value),
            user=(user, self.store.users[user]),
            urls=self._urls(message.channel, user, message),
        )
        return await self._interact(Delivery("interactive", payload))

    async def shortcut(self, message: Message, callback_id: str, *, user: str = ALICE) -> Ack:
        """A person uses a shortcut on a message."""
        channel = self.store.channels[message.channel]
        payload = events.pointed_at(
            message,
            callback_id,
            user=(user, self.store.users[user]),
            channel=channel,
            urls=self._urls(message.channel, user),
        )
        return await self._interact(Delivery("interactive", payload))

    async def react(self, message: Message, name: str, *, user: str = ALICE) -> None:
        """A person puts a reaction on a message."""
        message.reactions.setdefault(name, set()).add(user)
        item = {"type": "message", "channel": message.channel, "ts": message.ts}
        body = {
            "type": "reaction_added",
            "user": user,
            "reaction": name,
            "item": item,
            "item_user": message.user,
            "event_ts": self.store.new_ts(),
        }
        await self.event(body)

    async def open_app(self, *, user: str = ALICE, tab: str = "home") -> None:
        """A person opens docent, its Home tab or its messages."""
        channel = self.store.open_direct(user).id
        await self.event(events.opened(user, channel, tab))

    async def home_action(self, action_id: str, *, user: str = ALICE) -> Ack:
        """A click in the Home tab, where no message and no channel is.

        Raises:
            LookupError: the tab shows no such element.
        """
        shown = Message("", "", BOT_USER, blocks=self.store.homes[user]["blocks"])
        payload = events.clicked(
            shown,
            events.find_action(shown, action_id, None),
            user=(user, self.store.users[user]),
            urls={"trigger_id": self._trigger()},
        )
        for absent in ("channel", "message"):
            del payload[absent]
        payload["container"] = {"type": "view", "view_id": f"V{user}"}
        payload["view"] = self.store.homes[user] | {"id": f"V{user}"}
        return await self._interact(Delivery("interactive", payload))

    async def submit(
        self, view: dict[str, Any], values: dict[str, str], *, user: str = ALICE
    ) -> Ack:
        """A person fills a modal in, by action id, and sends it."""
        payload = events.submitted(view, values, user=(user, self.store.users[user]))
        return await self._interact(Delivery("interactive", payload))

    async def repeat_interaction(self) -> Ack:
        """Slack sends the last click, form, shortcut or command again, unchanged."""
        assert self.last_interaction, "there was none"
        return await self.deliver(self.last_interaction)

    async def _interact(self, delivery: Delivery) -> Ack:
        self.last_interaction = delivery
        if self.interact_twice:
            return (await asyncio.gather(self.deliver(delivery), self.deliver(delivery)))[0]
        return await self.deliver(delivery)

    async def deliver(self, delivery: Delivery) -> Ack:
        """Send one payload, over a socket or to `events_url`, and wait for the ack."""
        if self.events_url is None:
            return await self.sockets.send(delivery, self.ack_seconds)
        return await slack_delivery.post(self.events_url, delivery, self.signing_secret)

    def report(self, where: str, why: str) -> None:
        """Record a violation."""
        raise NotImplementedError

    def _mention_kinds(self) -> list[str]:
        orders = {"after": ["app_mention", "message"], "before": ["message", "app_mention"]}
        return orders.get(self.double_mentions or "", ["app_mention"])

    async def _send_said(self, message: Message, *, kinds: list[str]) -> None:
        channel = self.store.channels[message.channel]
        bodies = [events.said(message, channel, kind=kind) for kind in kinds]
        await asyncio.gather(*map(self.event, bodies))

    def _urls(self, channel: str, user: str, original: Message | None = None) -> dict[str, str]:
        trigger = self._trigger()
        url = self.response_urls.new(channel, user, original)
        return {"response_url": url, "trigger_id": trigger}

    def _trigger(self) -> str:
        trigger = events.unique("trigger.")
        self.store.triggers.add(trigger)
        return trigger

    def _respond_from_ack(self, ack: Ack, channel: Channel, user: str) -> None:
        body = {"text": ack.payload} if isinstance(ack.payload, str) else ack.payload
        if not body:
            return
        try:
            self.response_urls.respond(body, channel=channel.id, user=user)
        except SlackError as error:
            self.report("ack", str(error))
