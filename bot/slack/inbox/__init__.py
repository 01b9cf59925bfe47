"""Inbox: an event becomes a message that docent answers, or nothing."""
