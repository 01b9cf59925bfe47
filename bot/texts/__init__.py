"""Texts: every sentence that people read, a TOML file per language."""
