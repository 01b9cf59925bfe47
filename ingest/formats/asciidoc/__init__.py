"""AsciiDoc, read without Ruby: its converter has no port that is kept and free."""
