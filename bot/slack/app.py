"""The Slack application: builds it from its settings and the parts of the bot."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial

import aiohttp
from slack_bolt.async_app import AsyncApp

from bot.app_parts import AppParts, Conversation, Intervals
from bot.background import BackgroundTasks
from bot.conversation.answer_flow import AnswerFlow
from bot.conversation.follow_ups import FollowUps
from bot.conversation.question_builder import QuestionBuilder
from bot.conversation.surfaces import SurfaceHandler
from bot.health.readiness import Readiness
from bot.settings import BotSettings, parse_ids
from bot.slack import listeners
from bot.slack.actions.admin import AdminCommands
from bot.slack.actions.admin_gate import AdminGate
from bot.slack.actions.answer_buttons import AnswerActions
from bot.slack.actions.commands import Commands
from bot.slack.actions.deliveries import Deliveries
from bot.slack.actions.escalation import Escalation
from bot.slack.actions.gate import Gate
from bot.slack.actions.instructions import InstructionsCommand
from bot.slack.actions.interactions import Interactions
from bot.slack.actions.reindex import ReindexRunner
from bot.slack.actions.scope import ScopeCommand
from bot.slack.actions.share import ShareAction
from bot.slack.actions.visible_answers import VisibleAnswers
from bot.slack.client import connection
from bot.slack.client.call_trace import build_call_trace
from bot.slack.client.file_download import FileDownloads
from bot.slack.client.locale import UserLocales
from bot.slack.client.names import Names
from bot.slack.client.people import People
from bot.slack.client.required_secrets import require_settings, reveal_secret
from bot.slack.client.transport import Transport, build_transport
from bot.slack.client.user_list import UserList
from bot.slack.client.workspace import SlackClients
from bot.slack.home.home_tab import HomeTab
from bot.slack.home.suggested_prompts import SuggestedPrompts
from bot.slack.inbox.access import AccessPolicy, Workspace
from bot.slack.inbox.acknowledgement import Acknowledgement
from bot.slack.inbox.admission import SlackAdmission
from bot.slack.inbox.catch_up import CatchUp
from bot.slack.inbox.conversation_reader import ConversationReader
from bot.slack.inbox.file_reader import SlackFileReader
from bot.slack.inbox.message_reader import MessageReader
from bot.slack.inbox.messages import ListenerConfig
from bot.slack.inbox.orphans import Orphans
from bot.slack.inbox.readable_messages import ReadableMessages
from bot.slack.inbox.recorder import QuestionRecorder
from bot.slack.inbox.responder import Responder
from bot.slack.inbox.thread_history import SlackThreadHistory
from bot.slack.reply.surface import SlackSurface
from bot.slack.reply.thread_status import finish_clearing
from bot.slack.views import buttons

CALL_SECONDS = 30.0
CLEANUP_SECONDS = 1.0
"""Time for clicks and commands to end once the answers have ended, and again to clean up."""


class SlackApp:
    """docent in Slack: connected by `open`; after `close` no question comes any more."""

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        build_transport: Callable[[], Transport],
        catch_up: CatchUp,
        *,
        admission: SlackAdmission,
        readiness: Readiness,
        reindex: ReindexRunner,
        tasks: BackgroundTasks,
    ) -> None:
        # One for Socket Mode works as soon as it is built, so it is built late.
        self._build_transport = build_transport
        self._transport: Transport | None = None
        self.admission = admission
        """Says which people of Slack may ask elsewhere."""
        self._catch_up = catch_up
        self._readiness = readiness
        self._reindex = reindex
        self._tasks = tasks

    async def open(self) -> None:
        """Begin to accept events.

        Raises:
            SlackUnavailableError: Slack can't be reached.
        """
        self._transport = self._build_transport()
        self._readiness.watch_connection(self._transport.is_connected)
        await self._transport.open()

    async def close(self) -> None:
        """Accept no more events; answers go on."""
        if self._transport is not None:
            await self._transport.close()
        await self._catch_up.close()

    async def end(self) -> None:
        """Stop a sync, and let clicks and commands end."""
        await finish_clearing(CLEANUP_SECONDS)
        self._reindex.close()
        await self._tasks.drain(CLEANUP_SECONDS, cleanup_seconds=CLEANUP_SECONDS)


@contextlib.asynccontextmanager
async def connect_slack(
    settings: BotSettings, parts: AppParts, conversation: Conversation, intervals: Intervals
) -> AsyncIterator[SlackApp]:
    """Check the tokens, and build the app; it is not open yet.

    Args:
        settings: tokens, channels and people.
        parts: the parts of the bot.
        conversation: what it shares with other surfaces; it adds itself.
        intervals: seconds between flushes and edits.

    Yields:
        The app.

    Raises:
        SettingsError: a token or secret is missing.
        SlackUnavailableError: Slack refused a token or can't be reached.
    """
    require_settings(settings)
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    counting = build_call_trace(parts.telemetry.metrics, connection.build_base_url(settings))
    async with aiohttp.ClientSession(timeout=timeout, trace_configs=[counting]) as session:
        app = connection.build_app(settings, session)
        identity = await _identify(settings, app)
        slack = SlackClients.of(app.client, connection.build_quick_client(settings, session))
        tasks = BackgroundTasks()
        reindex = ReindexRunner(parts.index, slack, edit_seconds=intervals.edit_seconds)
        catch_up, access = _register_listeners(
            app,
            settings,
            parts,
            conversation,
            slack=slack,
            tasks=tasks,
            reindex=reindex,
            identity=identity,
            flush_seconds=intervals.flush_seconds,
        )
        yield SlackApp(
            partial(build_transport, app, settings, catch_up),
            catch_up,
            admission=SlackAdmission(access, Workspace(identity.team, identity.enterprise)),
            readiness=parts.readiness,
            reindex=reindex,
            tasks=tasks,
        )


async def _identify(settings: BotSettings, app: AsyncApp) -> connection.Identity:
    """Check the tokens, and return the identity they belong to."""
    identity = await connection.identify(app.client, app=app)
    if settings.http_port is None:
        app_token = reveal_secret(settings.slack_app_token)
        await connection.check_app_token(app.client, app_token)
    return identity


def _register_listeners(  # noqa: PLR0913  (the parts, by name)
    app: AsyncApp,
    settings: BotSettings,
    parts: AppParts,
    conversation: Conversation,
    *,
    slack: SlackClients,
    tasks: BackgroundTasks,
    reindex: ReindexRunner,
    identity: connection.Identity,
    flush_seconds: float,
) -> tuple[CatchUp, AccessPolicy]:
    """Build the handlers and register them; return what others need of them.

    That is the reader of missed questions, and the rules for people.
    """
    index, database, client = parts.index, parts.database, slack.client
    dispatcher = conversation.dispatcher
    auto_channels = parse_ids(settings.auto_channels)
    help_channel = settings.help_channel.strip()
    can_escalate = bool(help_channel)

    # People: their language, and what they may do.
    people = People(client)
    locales = UserLocales(people, bot_user=identity.bot_user, channels=auto_channels)
    admins = UserList(settings.admins, client)
    allowed_users = UserList(settings.allowed_users, client, variable="DOCENT_ALLOWED_USERS")
    workspace = Workspace(identity.team, identity.enterprise)
    access = AccessPolicy(settings, allowed_users, people, workspace)
    gate = Gate(access, admins)

    # Questions: written into the inbox as they come, taken from it, answered.
    names = Names(slack)
    readable = ReadableMessages(access, bot_user=identity.bot_user)
    threads = SlackThreadHistory(slack, names, readable, bot_user=identity.bot_user)
    files = SlackFileReader(FileDownloads(client), reads_images=parts.reads_images)
    follow_ups = FollowUps(database.answers, threads)
    surface = SlackSurface(slack, can_escalate=can_escalate, flush_seconds=flush_seconds)
    responder = Responder(
        AnswerFlow(
            conversation.runner,
            database,
            QuestionBuilder(database, threads, files),
            telemetry=parts.telemetry,
        ),
        surface,
        database,
        access=access,
        follow_ups=follow_ups,
        orphans=Orphans(client, database.inbox_view, bot_user=identity.bot_user),
        reader=MessageReader(threads, names, follow_ups, readable),
        acknowledgement=Acknowledgement(slack),
        locales=locales,
        dispatcher=dispatcher,
        telemetry=parts.telemetry,
    )
    conversation.surfaces["slack"] = SurfaceHandler(
        responder.handle, responder.show_place, surface.withdraw
    )
    config = ListenerConfig(
        bot_user=identity.bot_user,
        team=identity.team,
        auto_channels=auto_channels,
        emoji=settings.emoji.strip().strip(":"),
    )
    recorder = QuestionRecorder(
        dispatcher, database, surface, readable=readable, tasks=tasks, config=config
    )
    reader, minutes = ConversationReader(slack), settings.catch_up_minutes
    catch_up = CatchUp(reader, database, recorder, config=config, minutes=minutes)

    # Answers: their buttons.
    escalation = Escalation(slack, database, help_channel)
    visible = VisibleAnswers(database.answers, team=identity.team)
    answer_actions = AnswerActions(slack, database, escalation, visible=visible, gate=gate)
    share_action = ShareAction(slack, database, visible)

    # The index: what admins do with it. Channels: what they ask of, and what the LLM is told.
    admin_gate = AdminGate(gate, database.audit)
    admin_commands = AdminCommands(
        index, reindex, gate=admin_gate, slack=slack, list_problems=parts.list_problems
    )
    instructions = InstructionsCommand(
        database.instructions, team=identity.team, team_instructions=parts.instructions
    )
    scope = ScopeCommand(database.scopes, index, gate, team=identity.team)
    deliveries = Deliveries(database.claims)
    app.use(locales.set_language)
    listeners.register(
        app,
        recorder=recorder,
        commands=Commands(
            tasks,
            {"why": answer_actions.explain_last_answer, "scope": scope.run},
            deliveries,
            gate=gate,
            admin_actions={
                "instructions": admin_gate.restrict(instructions.run),
                **admin_commands.actions,
            },
        ),
        config=config,
        interactions=Interactions(
            tasks,
            gate,
            slack.send_direct,
            click_handlers={
                buttons.STOP: responder.on_stop_click,
                buttons.SHARE: share_action.on_click,
                **answer_actions.click_handlers,
            },
            admin_click_handlers=admin_commands.click_handlers,
            form_handlers=answer_actions.form_handlers,
            deliveries=deliveries,
        ),
        home=HomeTab(
            index,
            database.activity,
            read_last_success_time=database.read_last_success_time,
            list_problems=parts.list_problems,
            gate=gate,
            slack=slack,
            tasks=tasks,
        ),
        suggested_prompts=SuggestedPrompts(index, slack, tasks, gate=gate),
    )
    return catch_up, access
