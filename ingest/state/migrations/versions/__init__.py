"""Versions: each migration of the tables of `ingest`, the oldest first."""
