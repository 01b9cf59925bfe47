"""Define the commands of the index: `docent index | status | versions | rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bot.cli import inspection
from bot.cli.options import AsJson, print_json
from bot.control.discovery import find_service

if TYPE_CHECKING:
    from bot.index_service import SyncRequest
    from bot.storage.service_status import ServiceStatus
    from ingest.report import ProgressCallback
    from ingest.settings import IngestSettings
    from ingest.types import IndexVersion


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(index)
    app.command()(status)
    app.command()(versions)
    app.command()(rollback)


def index(  # noqa: PLR0913  (the options, by name)
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="A directory, an archive (path or https://), git+https://…@branch#folder, a "
            "website, its sitemap.xml or llms.txt, or the name of a source; "
            "default: DOCENT_SOURCES.",
        ),
    ] = None,
    *,
    as_json: AsJson = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, without changing it.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Publish even if many pages are gone or search finds less."),
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Read and embed everything from scratch.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Sync again after a rollback.")] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over an index that another docent wrote.")
    ] = False,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(
            "--engine",
            help="Where pages are read and embedded: here, or on the Ray cluster of RAY_ADDRESS "
            "or of this machine.",
        ),
    ] = "local",
    explain: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Show how docent reads a page; index nothing."),
    ] = None,
    check_links: Annotated[
        bool,
        typer.Option(
            "--check-links",
            help="Ask the sites for a sample of 50 addresses, or of as many as a number before the "
            "sources says; index nothing.",
        ),
    ] = False,
) -> None:
    """Read documentation into the index; embed only the changes."""
    if explain is not None and check_links:
        raise typer.BadParameter("--explain and --check-links exclude each other: leave out one")
    if explain is not None or check_links:
        _refuse_sync_options(
            **{"--dry-run": dry_run, "--force": force, "--full": full, "--resume": resume},
            **{"--adopt": adopt, "--engine": engine != "local"},
        )
        inspection.inspect_sources(sources or [], explain=explain, as_json=as_json)
        return
    from bot.cli import terminal
    from bot.control import protocol
    from bot.index_service import SyncRequest
    from ingest.settings import IngestSettings
    from ingest.sources import parse_sources, select_sources

    settings = IngestSettings.load()
    chosen = select_sources(sources or [], parse_sources(settings.sources))
    request = SyncRequest(
        chosen if sources else (),
        dry_run=dry_run,
        full=full,
        force=force,
        resume=resume,
        adopt=adopt,
    )
    try:
        with terminal.show_progress() as show:
            result = _sync_or_preview(request, settings, show, engine)
    except KeyboardInterrupt:
        terminal.print_stopped()
        raise typer.Exit(130) from None  # the exit code of shells for Ctrl-C
    if as_json:
        print_json(result)
    elif dry_run:
        terminal.print_preview(protocol.parse_preview(result))
    else:
        terminal.print_report(protocol.parse_report(result))


def _refuse_sync_options(**given: bool) -> None:
    """Refuse options of a sync beside those that index nothing."""
    for option, is_given in given.items():
        if is_given:
            raise typer.BadParameter(
                f"{option} belongs to a sync, and --explain and --check-links index nothing: "
                f"leave out {option}"
            )


def status(*, as_json: AsJson = False) -> None:
    """Show the index, its age, the next sync, open questions and problems."""
    from bot.cli import terminal
    from ingest.factory import read_status
    from ingest.settings import IngestSettings

    settings = IngestSettings.load()
    index_status = read_status(settings)
    service_status = _read_service_status(settings)
    if as_json:
        print_json(index_status.as_json() | service_status.as_json())
    else:
        terminal.print_status(index_status, service_status)


def _read_service_status(settings: IngestSettings) -> ServiceStatus:
    from bot.storage.service_status import ServiceStatus, read_service_status
    from ingest.state.database import has_state_database, open_state
    from rag_core.settings import RagSettings

    if not has_state_database(settings.resolved_state_url):
        return ServiceStatus()
    engine = open_state(settings.resolved_state_url)
    try:
        return read_service_status(engine, index=RagSettings.load().collection)
    finally:
        engine.dispose()


def versions(*, as_json: AsJson = False) -> None:
    """List the versions of the index."""
    from bot.cli import terminal
    from ingest.factory import read_versions
    from ingest.settings import IngestSettings

    stored = read_versions(IngestSettings.load())
    if as_json:
        print_json([version.as_json() for version in stored])
    else:
        terminal.print_versions(stored)


def rollback(*, as_json: AsJson = False) -> None:
    """Go back to the previous version until you run `docent index --resume`."""
    from bot.cli import terminal
    from ingest.settings import IngestSettings

    version = _roll_back(IngestSettings.load())
    if as_json:
        print_json(version.as_json())
    else:
        terminal.print_rollback(version)


def _roll_back(settings: IngestSettings) -> IndexVersion:
    """Roll back in the service that holds the index, or locally.

    People wait for a rollback, so this imports only what it needs.
    """
    if service := find_service(settings):
        from bot.control import protocol

        return protocol.parse_version(service.run(protocol.ControlRequest("roll_back")))
    from bot.control.local_rollback import roll_back_locally

    return roll_back_locally(settings)


def _sync_or_preview(
    request: SyncRequest,
    settings: IngestSettings,
    show: ProgressCallback | None,
    engine: Literal["local", "ray"],
) -> dict[str, Any]:
    """Sync in the service that holds the index, or in this process."""
    from bot.control.client import ControlClient
    from bot.control.local import sync_or_preview
    from bot.control.protocol import ControlRequest
    from bot.errors import ControlError

    if service := ControlClient.find(settings):
        if engine != "local":
            raise ControlError(
                "`docent serve` has the index open and syncs without a cluster: stop it for this "
                "build, or keep the index on a Milvus server."
            )
        return service.run(ControlRequest("sync", sync=request), show)
    return sync_or_preview(request, settings, show, engine=engine)
