"""Overview: the state of the index and its history, for people."""
