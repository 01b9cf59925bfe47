"""Versions: each revision of the tables of `ingest`, the oldest first."""
