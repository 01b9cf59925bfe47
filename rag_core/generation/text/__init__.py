"""Text of an answer: what the LLM wrote, read and checked while it streams."""
