"""Settings of the indexing side, from the environment and `.env`."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field

from rag_core.settings import Settings


class IngestSettings(Settings):
    """Sources, state database and schedule."""

    milvus_uri: str = Field("data/milvus.db", description="See `rag_core.settings`.")
    collection: str = Field("docent", description="See `rag_core.settings`.")
    sources: str = Field(
        "",
        description="What to index: paths or URIs separated by white space, or a JSON list of "
        "objects with `uri` and options.",
    )
    download_max_mb: int = Field(1024, ge=1, description="Largest download of one source, in MiB.")
    download_max_minutes: int = Field(
        60, ge=1, description="Longest time that the download of one source may take, in minutes."
    )
    state_url: str | None = Field(
        None,
        description="URL of the state database, SQLite or PostgreSQL; by default SQLite beside "
        "Milvus Lite.",
    )
    sync_schedule: str = Field(
        "0 3 * * *",
        description="When to sync: five cron fields, `every 30m` (or `6h`, `2d`), or `off`.",
    )
    golden_margin: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Share of a source's golden questions that a new version may lose.",
    )
    timezone: str = Field(
        "UTC", description="IANA time zone of the schedule, for instance `Europe/Berlin`."
    )

    @property
    def data_folder(self) -> Path:
        """Folder of docent's files: beside Milvus Lite, or `data` if Milvus is a server."""
        if "://" in self.milvus_uri:
            return Path("data")
        return Path(os.path.expanduser(self.milvus_uri)).parent  # noqa: PTH111  (see below)

    @property
    def parts_folder(self) -> Path:
        """Folder of a build on a cluster that is not published yet."""
        is_server = "://" in self.milvus_uri
        name = self.collection if is_server else Path(self.milvus_uri).stem
        return self.data_folder / f"{name}.parts"

    @property
    def resolved_state_url(self) -> str:
        """URL of the state database: as set, or SQLite beside the Milvus Lite directory."""
        if self.state_url:
            return self.state_url
        if "://" in self.milvus_uri:
            return "sqlite:///data/docent.state.sqlite"
        lite = Path(os.path.expanduser(self.milvus_uri))  # noqa: PTH111  (keeps an unknown `~name`)
        return f"sqlite:///{lite.with_name(f'{lite.stem}.state.sqlite')}"
