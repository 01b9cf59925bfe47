"""HTTP: downloads with checked addresses and limits."""
