"""Inspection of sources without an index: a page as docent reads it, and its links."""
