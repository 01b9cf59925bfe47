"""Calls: what programs ask for, by MCP or HTTP: a search, a page, an answer."""
