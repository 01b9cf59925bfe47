"""A question becomes an answer: text, vectors, models, Milvus and the LLM. Knows no Slack."""
