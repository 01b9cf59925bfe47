"""Inbox: parses Slack's events and decides which messages docent answers."""
