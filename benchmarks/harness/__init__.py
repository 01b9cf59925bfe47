"""Harness: what the benchmarks share."""
