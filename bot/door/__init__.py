"""The door: the port for programs, and the proofs of who calls."""
