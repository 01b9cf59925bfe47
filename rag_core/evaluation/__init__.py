"""Measures how well an index answers questions whose right pages are known: `docent eval`."""
