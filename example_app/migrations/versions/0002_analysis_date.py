"""When the analysis of a calamity is discussed.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23 19:45:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the revision."""
    with op.batch_alter_table("calamity") as table:
        table.add_column(sa.Column("analysis_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    """Take the revision back."""
    with op.batch_alter_table("calamity") as table:
        table.drop_column("analysis_at")
