"""Conversation: one question becomes one answer. Knows no Slack."""
