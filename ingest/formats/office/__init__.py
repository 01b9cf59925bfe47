"""Office files beside Word: presentations and workbooks, and the limits of all three."""
