"""Markup: turn Markdown into what Slack and a terminal show."""
