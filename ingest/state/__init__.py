"""State: the state database, the ledger, the lease and the jobs."""
