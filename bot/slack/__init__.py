"""Slack: the bot's adapter to Slack; no other package imports Slack's libraries."""
