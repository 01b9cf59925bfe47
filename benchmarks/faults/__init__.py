"""Faults of everything that docent depends on, and what its askers see of them."""
