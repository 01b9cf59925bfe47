"""Migrations: the history of the tables of `ingest`."""
