"""Settings files of site makers, read and never executed."""
