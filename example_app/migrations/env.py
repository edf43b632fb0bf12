"""Run the migrations on the database of the application."""

from typing import Any

from alembic import context
from alembic.operations import MigrationScript
from flask import current_app

migrate = current_app.extensions["migrate"]
database = migrate.db


def leave_out_empty_revisions(
    migration_context: object, revision: object, directives: list[MigrationScript]
) -> None:
    """Write no revision when the models equal the tables."""
    is_automatic = getattr(context.config.cmd_opts, "autogenerate", False)
    upgrades = directives[0].upgrade_ops if directives else None
    if is_automatic and upgrades is not None and upgrades.is_empty():
        directives.clear()


def options() -> dict[str, Any]:
    """Return what `Migrate` was configured with, for `context.configure`."""
    arguments: dict[str, Any] = migrate.configure_args
    return {"process_revision_directives": leave_out_empty_revisions, **arguments}


def run_offline() -> None:
    """Print the SQL instead of running it."""
    url = database.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, target_metadata=database.metadata, literal_binds=True, **options())
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run the SQL on a connection of the application's engine."""
    with database.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=database.metadata, **options())
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
