"""Reply: an answer appears in its thread, and grows by edits."""
