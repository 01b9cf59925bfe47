"""Health: what docent counts, whether it is ready, how it logs and what it traces."""
