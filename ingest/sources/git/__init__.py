"""Git: files of a bare repository."""
