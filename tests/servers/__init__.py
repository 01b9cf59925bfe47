"""Strict local stand-ins for the services docent talks to: Slack and an OpenAI-compatible LLM."""
