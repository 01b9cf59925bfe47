"""Addresses: the URI of a source, its patterns and its links."""
