"""Markdown of site makers, read as the plain Markdown that its readers see."""
