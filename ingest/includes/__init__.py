"""Includes: the marks by which a page holds other files of its source, and their text."""
