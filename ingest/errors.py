"""Everything that can go wrong between documentation and its index.

DocentError (rag_core.errors)
└── IngestError
    ├── SourceError               a source can't be read; the index is as it was
    │   ├── SourceNotFoundError
    │   ├── SourceFormatError     not the kind of thing its name says
    │   ├── SourceEmptyError      no documents in it
    │   └── DownloadError
    ├── StateError                the state database can't be used
    ├── SyncRunningError          another sync is at work
    └── PublishError              a new version failed its checks; the old one answers on
"""

from rag_core.errors import DocentError


class IngestError(DocentError):
    """Indexing failed; the live version is as it was."""


class SourceError(IngestError):
    """A source can't be read."""


class SourceNotFoundError(SourceError):
    """There is nothing at the path or URL."""


class SourceFormatError(SourceError):
    """The source is not the kind of thing its name says."""


class SourceEmptyError(SourceError):
    """The source holds no documents."""


class DownloadError(SourceError):
    """A source could not be downloaded."""


class StateError(IngestError):
    """The state database can't be used."""


class SyncRunningError(IngestError):
    """Another sync is at work."""


class PublishError(IngestError):
    """A new version failed its checks; the old one answers on."""
