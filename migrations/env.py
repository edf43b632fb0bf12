"""Run by Alembic for each command: on the connection that `flask_peersupport.schema` gives it."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate import rewriter
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops

from flask_peersupport.db import CodeList, LargeBytes, UTCDateTime
from flask_peersupport.schema import options

repeatable = rewriter.Rewriter()


@repeatable.rewrites(ops.CreateTableOp)
@repeatable.rewrites(ops.CreateIndexOp)
def skip_what_is_there(
    context: Any, revision: Any, op: ops.CreateTableOp | ops.CreateIndexOp
) -> ops.MigrateOperation:
    """Let a run that was killed half-way go on; MariaDB compares text as the others do.

    The options are here and not in the models, where they would load SQLAlchemy's dialects at
    every start of every host.
    """
    op.if_not_exists = True
    if isinstance(op, ops.CreateTableOp):
        op.kw.update(mysql_engine="InnoDB", mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin")
        if op.table_name == "peersupport_intake":
            # rows come and go: giving back the space would lock the table, and reports do not wait
            op.kw.update(postgresql_with={"vacuum_truncate": "false"})
    return op


@repeatable.rewrites(ops.DropTableOp)
@repeatable.rewrites(ops.DropIndexOp)
def skip_what_is_gone(
    context: Any, revision: Any, op: ops.DropTableOp | ops.DropIndexOp
) -> ops.MigrateOperation:
    """Let a run that was killed half-way go on."""
    op.if_exists = True
    return op


@repeatable.rewrites(ops.DowngradeOps)
def drop_tables_whole(context: Any, revision: Any, op: ops.DowngradeOps) -> ops.DowngradeOps:
    """Leave the indexes of a dropped table alone: MariaDB needs them until it is gone."""
    dropped = {step.table_name for step in op.ops if isinstance(step, ops.DropTableOp)}
    op.ops[:] = [
        step
        for step in op.ops
        if not (isinstance(step, ops.ModifyTableOps) and step.table_name in dropped)
    ]
    return op


def render_plainly(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """Write our types as what they are in the database: a revision must outlive the models."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "MOMENT"
    if kind == "type" and isinstance(item, LargeBytes):
        return "LARGE_BYTES"
    if kind == "type" and isinstance(item, CodeList):
        return f"sa.String(length={item.impl_instance.length})"  # type: ignore[attr-defined]
    return False


def run() -> None:
    """Run the command's revisions in one transaction, where the database can."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        render_as_batch=True,
        render_item=render_plainly,
        process_revision_directives=repeatable,
        **options(),
    )
    with context.begin_transaction():
        context.run_migrations()


run()
