"""Where documentation comes from: a directory, an archive, the web."""
