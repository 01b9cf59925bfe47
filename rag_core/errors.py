"""Everything that can go wrong between a question and its answer.

DocentError
├── SettingsError                 a setting is missing or makes no sense
├── QuestionError
│   ├── EmptyQuestionError
│   └── QuestionTooLongError
├── BusyError                     too many questions are before this one
├── ModelError
│   └── ModelUnavailableError     the weights can't be fetched, or the model's server is down
├── StoreError
│   ├── StoreUnavailableError     no Milvus answers at the URI
│   ├── StoreLockedError          another process holds the Milvus Lite directory
│   ├── StoreFormatError          what lies at the path is no Milvus Lite directory
│   ├── WordSearchError           this Milvus, or this index, knows no BM25
│   ├── IndexMissingError         nothing was indexed yet
│   └── IndexMismatchError        the index was built with another model, or by an earlier docent
├── EvaluationError               what is to be measured, or measured with, can't be used
└── GenerationError
    ├── LLMUnavailableError       down, refused, over its limit or too slow
    └── LLMInterruptedError       cut off in the middle of an answer

`ingest.errors` and `bot.errors` hang their own branches below DocentError. The text of each is one
sentence that a person can act on; causes travel as `__cause__` for logs and `--verbose`.
"""


class DocentError(Exception):
    """Base of every error that docent raises on purpose."""


class SettingsError(DocentError):
    """A setting is missing or makes no sense."""


class QuestionError(DocentError):
    """The question can't be asked as it stands."""


class EmptyQuestionError(QuestionError):
    """The question has no text."""


class QuestionTooLongError(QuestionError):
    """The question is longer than docent reads."""


class BusyError(DocentError):
    """Too many questions are before this one; `position` would be its place in line."""

    def __init__(self, position: int) -> None:
        self.position = position
        super().__init__(
            f"docent is busy: the question would be number {position} in line; ask again in a "
            "moment."
        )


class ModelError(DocentError):
    """A model failed."""


class ModelUnavailableError(ModelError):
    """The weights of a model are not here and can't be fetched, or its server is down."""


class StoreError(DocentError):
    """The vector store failed."""


class StoreUnavailableError(StoreError):
    """No Milvus answers at the URI."""


class StoreLockedError(StoreError):
    """Another process holds the Milvus Lite directory."""


class StoreFormatError(StoreError):
    """What lies at the path is not a Milvus Lite directory."""


class WordSearchError(StoreError):
    """This Milvus, or this index in it, has no search by words."""


class IndexMissingError(StoreError):
    """Nothing was indexed yet."""


class IndexMismatchError(StoreError):
    """The index was built with another model than the one configured, or by an earlier docent."""


class EvaluationError(DocentError):
    """Questions, judgements or a corpus can't be used, or too few of them."""


class GenerationError(DocentError):
    """The LLM gave no complete answer."""


class LLMUnavailableError(GenerationError):
    """The LLM is down, refuses, is over its limit or too slow."""


class LLMInterruptedError(GenerationError):
    """The LLM was cut off in the middle of an answer."""
