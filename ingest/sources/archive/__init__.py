"""Archives: zip and tar, read entry by entry."""
