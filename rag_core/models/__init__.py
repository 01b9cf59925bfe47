"""Models: texts become vectors and scores, in this process or on a server."""
