"""The versions of an index: list, rollback, and resumed syncing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from ingest.errors import NoVersionError, SyncRunningError
from ingest.publishing.ownership import check_owner
from ingest.publishing.pin import read_pin, remove_pin, set_pin
from ingest.publishing.publisher import build_switch_lease
from ingest.state.ledger import Ledger
from ingest.state.version_claims import VersionRecord
from ingest.types import IndexVersion
from rag_core.protocols import VectorStore

_PATIENCE = 60.0  # seconds; a sync that writes the earlier version sees the pin and ends
_PAUSE = 0.05  # seconds


def list_versions(ledger: Ledger) -> tuple[IndexVersion, ...]:
    """List the versions in the ledger, the newest first."""
    pin = read_pin(ledger)
    pinned = pin.collection if pin else None
    recorded = [one for one in ledger.list_versions() if one.live or not one.writer]
    recorded.sort(key=lambda version: version.number, reverse=True)
    return tuple(_build_index_version(version, pinned) for version in recorded)


def roll_back(store: VectorStore, ledger: Ledger) -> IndexVersion:
    """Make the previous version live again, and pin the index to it.

    The pin is set first: then a running sync does not publish any more, and a rollback that was
    cut off is completed by the next one.

    Raises:
        NoVersionError: there is no version to go back to.
        SyncRunningError: another process holds the lease of the switch for too long.
    """
    check_owner(store, ledger)
    set_pin(ledger, _find_target(store, ledger))
    attempts = Retrying(
        retry=retry_if_exception_type(SyncRunningError),
        stop=stop_after_delay(_PATIENCE),
        wait=wait_fixed(_PAUSE),
        reraise=True,
    )
    try:
        return attempts(_switch_to_pin, store, ledger)
    except NoVersionError:
        remove_pin(ledger)  # the sync that was writing the version before was killed
        raise


def complete_rollback(store: VectorStore, ledger: Ledger) -> None:
    """Complete a rollback whose process was killed."""
    pin, recorded = read_pin(ledger), ledger.read_live_version()
    if pin is None:
        return
    live = store.read_live_index()
    is_switched = live is not None and live.collection == pin.collection
    is_recorded = recorded is not None and recorded.collection == pin.collection
    if is_switched and is_recorded and ledger.read_previous_version() is None:
        return
    # A rollback that is still running completes itself.
    with suppress(SyncRunningError, NoVersionError):
        _switch_to_pin(store, ledger)


def resume_syncs(ledger: Ledger) -> bool:
    """Unpin the index for syncs; return False if it was not pinned."""
    was_pinned = read_pin(ledger) is not None
    remove_pin(ledger)
    return was_pinned


def _find_target(store: VectorStore, ledger: Ledger) -> str:
    """Find the collection to go back to.

    It is the target of an unfinished rollback, or else the previous version.
    """
    live, pin, previous = store.read_live_index(), read_pin(ledger), ledger.read_previous_version()
    recorded = ledger.read_live_version()
    if live is not None and recorded is not None and recorded.collection != live.collection:
        previous = recorded  # a sync was killed between its switch and the record of it
    others = set(store.list_collections()) - ({live.collection} if live else set())
    if pin is not None and pin.collection in others:
        return pin.collection
    is_rolled_back = pin is not None and live is not None and pin.collection == live.collection
    if is_rolled_back or previous is None or previous.collection not in others:
        raise NoVersionError("There is no earlier version to go back to.")
    with suppress(SyncRunningError):
        _check_complete(ledger, previous)
    return previous.collection


def _check_complete(ledger: Ledger, version: VersionRecord) -> None:
    """Raise an error if a sync is writing this version.

    Raises:
        SyncRunningError: the sync is still at work. It sees the pin, and brings the version back.
        NoVersionError: the sync was killed.
    """
    if ledger.claims.is_held(version):
        raise SyncRunningError(
            "A sync is writing the earlier version at this moment: try again in a minute."
        )
    if version.writer:
        raise NoVersionError(
            "There is no earlier version to go back to: a sync was killed while it wrote there."
        )


def _switch_to_pin(store: VectorStore, ledger: Ledger) -> IndexVersion:
    """Switch to the pinned version; change nothing if that is done already."""
    with build_switch_lease(ledger).hold():
        live, target = store.read_live_index(), _resolve_pin(store, ledger)
        version = ledger.read_version(target)
        if version is None:
            raise NoVersionError("There is no earlier version to go back to.")
        _check_complete(ledger, version)
        if live is None or live.collection != target:
            store.switch(target)
        ledger.mark_rolled_back(target)
    return replace(_build_index_version(version, target), live=True, previous=False)


def _resolve_pin(store: VectorStore, ledger: Ledger) -> str:
    """Return the pinned collection; pin another if it has changed."""
    pin = read_pin(ledger)
    if pin is not None and pin.collection in store.list_collections():
        recorded, previous = ledger.read_live_version(), ledger.read_previous_version()
        if recorded is None or recorded.collection != pin.collection or previous is None:
            return pin.collection
        remove_pin(ledger)  # a sync put a newer version there and published it meanwhile
    target = _find_target(store, ledger)
    set_pin(ledger, target)
    return target


def _build_index_version(version: VersionRecord, pinned: str | None) -> IndexVersion:
    return IndexVersion(
        collection=version.collection,
        number=version.number,
        revision=version.spec.revision,
        model=version.spec.model,
        created_at=version.created_at,
        documents=version.documents,
        chunks=version.chunks,
        live=version.live,
        previous=version.previous,
        pinned=version.collection == pinned,
    )
