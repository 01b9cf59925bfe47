"""Content: answers in Discord's dialect of Markdown. Pure."""
