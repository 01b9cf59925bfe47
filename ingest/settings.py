"""Settings of the indexing side, from the environment and `.env`."""

from __future__ import annotations

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
    state_url: str | None = Field(
        None,
        description="SQLAlchemy URL of the state database; by default SQLite beside Milvus Lite.",
    )
    sync_schedule: str = Field("0 3 * * *", description="When to sync: five cron fields, or `off`.")
    timezone: str = Field(
        "UTC", description="IANA time zone of the schedule, for instance `Europe/Berlin`."
    )

    @property
    def resolved_state_url(self) -> str:
        """The state database: as set, or SQLite beside the Milvus Lite directory."""
        if self.state_url:
            return self.state_url
        if "://" in self.milvus_uri:
            return "sqlite:///data/docent.state.sqlite"
        lite = Path(self.milvus_uri).expanduser()
        return f"sqlite:///{lite.with_name(f'{lite.stem}.state.sqlite')}"
