"""The LLM: requests, and the streams of servers that speak OpenAI's API in their own ways."""
