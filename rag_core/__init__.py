"""A question becomes an answer: text, vectors, models, Milvus and the LLM. Knows no Slack."""

__version__ = "0.2.0"
"""The version of docent, here because a checkout that is not installed has one as well."""
