"""Thin Slack handlers, one file a surface; `register(app)` hangs them all in."""
