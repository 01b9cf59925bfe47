"""Markup: Markdown as people write it becomes what Slack and a terminal show."""
