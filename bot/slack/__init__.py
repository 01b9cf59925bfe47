"""Slack: all that knows Slack."""
