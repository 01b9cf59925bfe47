"""What a sync costs: seconds, rows, transactions, memory, and searches beside it."""
