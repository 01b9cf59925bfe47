"""Models on servers: embeddings in OpenAI's form, and `/rerank`."""
