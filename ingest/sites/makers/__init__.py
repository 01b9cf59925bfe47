"""Site makers: of each, how its settings and the addresses of its pages are read."""
