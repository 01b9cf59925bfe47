"""Errors between a question and its answer.

DocentError
├── SettingsError                 a setting is missing or makes no sense
│   └── ExtraMissingError             a setting needs packages that are not installed
├── QuestionError
│   ├── EmptyQuestionError
│   └── QuestionTooLongError
├── BusyError                     too many questions are waiting already
├── ModelError
│   ├── ModelUnavailableError     the weights can't be downloaded, or the model's server is down
│   └── RerankerError             the reranker orders passages wrongly, or not at all
├── StoreError
│   ├── StoreUnavailableError     no Milvus answers at the URI
│   │   └── StoreBusyError            Milvus limits the rate of calls
│   ├── CollectionGoneError       a version was dropped meanwhile
│   ├── StoreLockedError          another process holds the Milvus Lite directory
│   ├── StoreFormatError          the path holds no usable Milvus Lite directory
│   ├── WordSearchError           this Milvus, or this index, has no BM25
│   ├── IndexMissingError         there is no index yet
│   └── IndexMismatchError        the index was built with another model, or by an earlier docent
├── EvaluationError               questions, judgements or a corpus can't be used
└── GenerationError
    ├── LLMUnavailableError       down, refused, over its limit or too slow
    └── LLMInterruptedError       cut off in the middle of an answer

`ingest.errors` and `bot.errors` add their own branches to DocentError. The text of an error is one
sentence that a person can act on; its cause is in `__cause__`, for logs and `--verbose`.
"""


class DocentError(Exception):
    """Base of every error that docent raises on purpose."""


class SettingsError(DocentError):
    """A setting is missing or makes no sense."""


class ExtraMissingError(SettingsError):
    """A setting or a command needs packages of an extra, which are not installed."""


class QuestionError(DocentError):
    """The question can't be asked as it stands."""


class EmptyQuestionError(QuestionError):
    """The question has no text."""


class QuestionTooLongError(QuestionError):
    """The question is longer than docent reads."""


class BusyError(DocentError):
    """Too many questions are waiting; `position` is the place that this one would have."""

    def __init__(self, position: int) -> None:
        self.position = position
        super().__init__(
            f"docent is busy: the question would be number {position} in line; ask again in a "
            "moment."
        )


class ModelError(DocentError):
    """A model failed."""


class ModelUnavailableError(ModelError):
    """The weights of a model can't be downloaded, or its server is down."""


class RerankerError(ModelError):
    """The reranker orders passages wrongly or not at all, so its scores are not used."""


class StoreError(DocentError):
    """The vector store failed."""


class StoreUnavailableError(StoreError):
    """No Milvus answers at the URI."""


class StoreBusyError(StoreUnavailableError):
    """Milvus takes no more calls for now, by its rate limit."""


class CollectionGoneError(StoreError):
    """A collection does not exist; it may have been dropped meanwhile."""


class StoreLockedError(StoreError):
    """Another process holds the Milvus Lite directory."""


class StoreFormatError(StoreError):
    """The path holds no Milvus Lite directory, or a damaged one."""


class WordSearchError(StoreError):
    """This Milvus, or this index in it, has no search by words."""


class IndexMissingError(StoreError):
    """There is no index yet."""


class IndexMismatchError(StoreError):
    """The index was built with another model than the one configured, or by an earlier docent."""


class EvaluationError(DocentError):
    """Questions, judgements or a corpus can't be used, or too few of them."""


class GenerationError(DocentError):
    """The LLM gave no complete answer."""


class LLMUnavailableError(GenerationError):
    """The LLM is down, refuses, is over its limit or is too slow."""


class LLMInterruptedError(GenerationError):
    """The LLM was cut off in the middle of an answer."""
