"""The handbook's pictures: docent's real blocks and lines, drawn as Slack and a terminal show them.

`python -m tests.pictures` takes them anew. It needs Chromium and the font Lato (on Debian
`apt-get install chromium fonts-lato`).
"""
