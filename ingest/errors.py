"""All errors of indexing, from the sources to a published version.

DocentError (rag_core.errors)
└── IngestError
    ├── SourceError               a source can't be read; the index is as it was
    │   ├── SourceNotFoundError
    │   ├── SourceFormatError     its content does not match its name
    │   ├── SourceEmptyError      no documents in it
    │   ├── SourceRefusedError    could do harm, is too large, or forbids to read it
    │   ├── SourceAccessError     it wants another login or token
    │   ├── ToolMissingError      a program that it needs is not installed
    │   └── DownloadError
    ├── StateError                the state database can't be used
    ├── SyncRunningError          another sync is running
    ├── IndexPinnedError          the index was rolled back, and syncing was not resumed
    ├── PageNotFoundError         no page of the sources is meant, or several
    ├── NoVersionError            there is no version to go back to
    └── PublishError              a new version failed its checks; the old one stays live
        ├── SourceShrankError     a source lost many of its pages
        └── GoldenError           golden questions find less than before
"""

from rag_core.errors import DocentError


class IngestError(DocentError):
    """Indexing failed; the live version is as it was."""


class SourceError(IngestError):
    """A source can't be read."""


class SourceNotFoundError(SourceError):
    """There is nothing at the path or URL."""


class SourceFormatError(SourceError):
    """The source's content does not match its name."""


class SourceEmptyError(SourceError):
    """The source holds no documents."""


class SourceRefusedError(SourceError):
    """The source could do harm, is larger than docent reads, or forbids to read it."""


class SourceAccessError(SourceError):
    """The source wants a login or a token, or another one."""


class ToolMissingError(SourceError):
    """A program that a source needs is not installed."""


class PageNotFoundError(IngestError):
    """No page of the sources fits what a person wrote, or several do."""


class DownloadError(SourceError):
    """A source could not be downloaded."""


class StateError(IngestError):
    """The state database can't be used."""


class SyncRunningError(IngestError):
    """Another sync is running."""


class PublishError(IngestError):
    """A new version failed its checks; the old one stays live."""


class SourceShrankError(PublishError):
    """A source lost many of its pages; the old version stays live."""


class GoldenError(PublishError):
    """Golden questions find less than before; the old version stays live."""


class ForeignIndexError(IngestError):
    """The index in Milvus belongs to another docent."""


class IndexPinnedError(IngestError):
    """The index was rolled back, and syncing was not resumed."""


class NoVersionError(IngestError):
    """There is no version to go back to."""
