"""Links of an answer: only addresses of its passages stay live."""
