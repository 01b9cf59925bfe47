"""The environment of the migrations, which Alembic runs on the connection from docent."""

from __future__ import annotations

from alembic import context

options = context.config.attributes
context.configure(
    connection=options["connection"],
    version_table=options["version_table"],
    render_as_batch=True,
)
context.run_migrations()
