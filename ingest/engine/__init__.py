"""Pages are read, divided and embedded on a Ray cluster, in parts that survive a stop."""
