"""Processes that are killed at every point of an answer, and what their askers get."""
