"""The main job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

#: An instant, down to microseconds.
MOMENT = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
#: Up to 16 MB also on MariaDB.
LARGE_BYTES = sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table('peersupport_audit',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('at', MOMENT, nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('actor', sa.String(length=64), nullable=False),
    sa.Column('action', sa.String(length=50), nullable=False),
    sa.Column('object_id', sa.String(length=32), nullable=True),
    sa.Column('subject', sa.String(length=64), nullable=True),
    sa.Column('detail', sa.String(length=50), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_audit')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_audit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_audit_actor'), ['actor'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_audit_at'), ['at'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_audit_object_id'), ['object_id'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_audit_subject'), ['subject'], unique=False, if_not_exists=True)

    op.create_table('peersupport_department',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('plain_name', sa.String(length=200), nullable=False),
    sa.Column('parent_id', sa.String(length=32), nullable=True),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['parent_id'], ['peersupport_department.id'], name=op.f('fk_peersupport_department_parent_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_department')),
    sa.UniqueConstraint('plain_name', name=op.f('uq_peersupport_department_plain_name')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_department', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_department_parent_id'), ['parent_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_heartbeat',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('machine', sa.String(length=100), nullable=False),
    sa.Column('kind', sa.Enum('embedded', 'separate', name='kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('started_at', MOMENT, nullable=False),
    sa.Column('beat_at', MOMENT, nullable=False),
    sa.Column('month', sa.String(length=7), nullable=True),
    sa.Column('keyring_mark', sa.String(length=16), nullable=True),
    sa.CheckConstraint('(month IS NULL) = (keyring_mark IS NULL)', name=op.f('ck_peersupport_heartbeat_keyring_mark')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_heartbeat')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    op.create_table('peersupport_intake',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('ref', sa.String(length=200), nullable=False),
    sa.Column('received_at', MOMENT, nullable=False),
    sa.Column('due_at', MOMENT, nullable=True),
    sa.Column('is_confirmed', sa.Boolean(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('payload', LARGE_BYTES, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_intake')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    postgresql_with={'vacuum_truncate': 'false'},
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_intake', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_intake_due_at'), ['due_at'], unique=False, if_not_exists=True)

    op.create_table('peersupport_person',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('blob', sa.LargeBinary(), nullable=False),
    sa.Column('user_mark', sa.String(length=64), nullable=True),
    sa.Column('email_mark', sa.String(length=64), nullable=True),
    sa.Column('name_mark', sa.String(length=64), nullable=False),
    sa.Column('is_lasting', sa.Boolean(), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_person')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_person', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_person_email_mark'), ['email_mark'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_person_month'), ['month'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_person_name_mark'), ['name_mark'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_person_user_mark'), ['user_mark'], unique=False, if_not_exists=True)

    op.create_table('peersupport_removed_user',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('removed_at', MOMENT, nullable=False),
    sa.Column('due_at', MOMENT, nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('sealed_user_id', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_removed_user')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_removed_user', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_removed_user_due_at'), ['due_at'], unique=False, if_not_exists=True)

    op.create_table('peersupport_report_mark',
    sa.Column('mark', sa.String(length=64), nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.PrimaryKeyConstraint('mark', name=op.f('pk_peersupport_report_mark')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    op.create_table('peersupport_department_alias',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('department_id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('plain_name', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['department_id'], ['peersupport_department.id'], name=op.f('fk_peersupport_department_alias_department_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_department_alias')),
    sa.UniqueConstraint('plain_name', name=op.f('uq_peersupport_department_alias_plain_name')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_department_alias', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_department_alias_department_id'), ['department_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_grant',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('role', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('granted_at', MOMENT, nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_grant_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_grant')),
    sa.UniqueConstraint('role', 'person_id', name=op.f('uq_peersupport_grant_role_person_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_grant', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_grant_person_id'), ['person_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_message',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('template', sa.String(length=50), nullable=False),
    sa.Column('object_id', sa.String(length=32), nullable=True),
    sa.Column('person_id', sa.String(length=32), nullable=True),
    sa.Column('state', sa.Enum('waiting', 'sent', 'dead', 'dropped', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.Column('due_at', MOMENT, nullable=True),
    sa.Column('leased_until', MOMENT, nullable=True),
    sa.Column('lease', sa.String(length=32), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('fault', sa.String(length=32), nullable=True),
    sa.Column('sent_at', MOMENT, nullable=True),
    sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f('ck_peersupport_message_sent')),
    sa.ForeignKeyConstraint(['person_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_message_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_message')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_message', schema=None) as batch_op:
        batch_op.create_index('ix_peersupport_message_due', ['due_at', 'id'], unique=False, if_not_exists=True)
        batch_op.create_index('ix_peersupport_message_list', ['created_at', 'id'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_message_object_id'), ['object_id'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_message_person_id'), ['person_id'], unique=False, if_not_exists=True)
        batch_op.create_index('ix_peersupport_message_state', ['state', 'created_at', 'id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_report',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('ref', sa.String(length=200), nullable=False),
    sa.Column('department', sa.String(length=200), nullable=True),
    sa.Column('occurred_at', MOMENT, nullable=True),
    sa.Column('reported_at', MOMENT, nullable=False),
    sa.Column('received_at', MOMENT, nullable=False),
    sa.Column('url', sa.String(length=500), nullable=True),
    sa.Column('reporter_id', sa.String(length=32), nullable=True),
    sa.Column('flags', sa.String(length=200), nullable=False),
    sa.Column('found_at', MOMENT, nullable=True),
    sa.ForeignKeyConstraint(['reporter_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_report_reporter_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_report')),
    sa.UniqueConstraint('kind', 'ref', name=op.f('uq_peersupport_report_kind_ref')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_report', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_report_found_at'), ['found_at'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_report_reporter_id'), ['reporter_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_supporter',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('state', sa.Enum('nominated', 'invited', 'trained', 'appointed', 'paused', 'retired', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('profession', sa.String(length=32), nullable=True),
    sa.Column('discipline', sa.String(length=32), nullable=True),
    sa.Column('seniority', sa.String(length=32), nullable=True),
    sa.Column('is_external', sa.Boolean(), nullable=False),
    sa.Column('has_account', sa.Boolean(), nullable=False),
    sa.Column('is_asked_at_night', sa.Boolean(), nullable=False),
    sa.Column('paused_until_on', sa.Date(), nullable=True),
    sa.Column('max_open', sa.Integer(), nullable=True),
    sa.Column('max_per_quarter', sa.Integer(), nullable=True),
    sa.Column('open_count', sa.Integer(), nullable=False),
    sa.Column('asked_count', sa.Integer(), nullable=False),
    sa.Column('deployments', sa.Integer(), nullable=False),
    sa.Column('quarter_count', sa.Integer(), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=True),
    sa.Column('last_deployed_at', MOMENT, nullable=True),
    sa.Column('appointed_on', sa.Date(), nullable=True),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.CheckConstraint('asked_count >= 0', name=op.f('ck_peersupport_supporter_asked_count')),
    sa.CheckConstraint('open_count >= 0', name=op.f('ck_peersupport_supporter_open_count')),
    sa.ForeignKeyConstraint(['person_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_supporter_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_supporter')),
    sa.UniqueConstraint('person_id', name=op.f('uq_peersupport_supporter_person_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_supporter', schema=None) as batch_op:
        batch_op.create_index('ix_peersupport_supporter_matching', ['state', 'profession', 'deployments', 'discipline', 'seniority', 'last_deployed_at', 'id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_declaration',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('supporter_id', sa.String(length=32), nullable=False),
    sa.Column('mark', sa.String(length=64), nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('sealed_reason', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['supporter_id'], ['peersupport_supporter.id'], name=op.f('fk_peersupport_declaration_supporter_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_declaration')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_declaration', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_declaration_mark'), ['mark'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_declaration_supporter_id'), ['supporter_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_involved',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('report_id', sa.String(length=32), nullable=True),
    sa.Column('person_id', sa.String(length=32), nullable=True),
    sa.Column('wish', sa.Enum('yes', 'no', 'ask', name='wish', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('wish_by', sa.Enum('own', 'reporter', name='wish_by', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('is_outside', sa.Boolean(), nullable=False),
    sa.Column('department', sa.String(length=420), nullable=True),
    sa.Column('profession', sa.String(length=32), nullable=True),
    sa.Column('discipline', sa.String(length=32), nullable=True),
    sa.Column('seniority', sa.String(length=32), nullable=True),
    sa.Column('channel', sa.Enum('phone', 'mail', 'in_person', 'video', name='channel', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('day_part', sa.String(length=16), nullable=True),
    sa.Column('flags', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_involved_person_id')),
    sa.ForeignKeyConstraint(['report_id'], ['peersupport_report.id'], name=op.f('fk_peersupport_involved_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_involved')),
    sa.UniqueConstraint('report_id', 'person_id', name=op.f('uq_peersupport_involved_report_id_person_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_involved', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_involved_person_id'), ['person_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_supporter_department',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('supporter_id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('resolved', sa.String(length=200), nullable=True),
    sa.ForeignKeyConstraint(['supporter_id'], ['peersupport_supporter.id'], name=op.f('fk_peersupport_supporter_department_supporter_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_supporter_department')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_supporter_department', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_supporter_department_resolved'), ['resolved'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_supporter_department_supporter_id'), ['supporter_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_excluded_person',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('involved_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['involved_id'], ['peersupport_involved.id'], name=op.f('fk_peersupport_excluded_person_involved_id')),
    sa.ForeignKeyConstraint(['person_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_excluded_person_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_excluded_person')),
    sa.UniqueConstraint('involved_id', 'person_id', name=op.f('uq_peersupport_excluded_person_involved_id_person_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_excluded_person', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_excluded_person_person_id'), ['person_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_name_clearance',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('involved_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['involved_id'], ['peersupport_involved.id'], name=op.f('fk_peersupport_name_clearance_involved_id')),
    sa.ForeignKeyConstraint(['person_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_name_clearance_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_name_clearance')),
    sa.UniqueConstraint('involved_id', 'person_id', name=op.f('uq_peersupport_name_clearance_involved_id_person_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    op.create_table('peersupport_reach_out',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('involved_id', sa.String(length=32), nullable=False),
    sa.Column('origin', sa.Enum('report', 'complaint_referral', 'concern', 'self', name='origin', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('state', sa.Enum('queued', 'asking', 'accepted', 'in_contact', 'follow_up', 'needs_coordinator', 'closed', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('waiting_for', sa.Enum('unknown_department', 'unknown_person', 'no_supporter', 'by_hand', 'by_telephone', 'not_reached', 'colleague_gone', 'supporter_gone', name='waiting', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('supporter_id', sa.String(length=32), nullable=True),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.Column('changed_at', MOMENT, nullable=False),
    sa.Column('due_at', MOMENT, nullable=True),
    sa.Column('urgent_at', MOMENT, nullable=False),
    sa.Column('contact_due_at', MOMENT, nullable=True),
    sa.Column('reminded_at', MOMENT, nullable=True),
    sa.Column('overdue_at', MOMENT, nullable=True),
    sa.Column('accepted_at', MOMENT, nullable=True),
    sa.Column('contacted_at', MOMENT, nullable=True),
    sa.Column('follow_up_on', sa.Date(), nullable=True),
    sa.Column('is_asked_again', sa.Boolean(), nullable=False),
    sa.Column('outcome', sa.Enum('supported', 'declined', 'not_reached', 'referred', 'not_involved', 'withdrawn', name='outcome', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('reason', sa.Enum('no_need', 'department_support', 'other_support', name='reason', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('closed_at', MOMENT, nullable=True),
    sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (outcome IS NOT NULL)", name=op.f('ck_peersupport_reach_out_closed')),
    sa.CheckConstraint("(state = 'needs_coordinator') = (waiting_for IS NOT NULL)", name=op.f('ck_peersupport_reach_out_waiting_for')),
    sa.CheckConstraint("state NOT IN ('accepted', 'in_contact', 'follow_up') OR supporter_id IS NOT NULL", name=op.f('ck_peersupport_reach_out_taken')),
    sa.ForeignKeyConstraint(['involved_id'], ['peersupport_involved.id'], name=op.f('fk_peersupport_reach_out_involved_id')),
    sa.ForeignKeyConstraint(['supporter_id'], ['peersupport_supporter.id'], name=op.f('fk_peersupport_reach_out_supporter_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_reach_out')),
    sa.UniqueConstraint('involved_id', name=op.f('uq_peersupport_reach_out_involved_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_reach_out', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_reach_out_closed_at'), ['closed_at'], unique=False, if_not_exists=True)
        batch_op.create_index('ix_peersupport_reach_out_due', ['due_at'], unique=False, if_not_exists=True)
        batch_op.create_index('ix_peersupport_reach_out_queue', ['state', 'urgent_at', 'id'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_reach_out_supporter_id'), ['supporter_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_contact',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('reach_out_id', sa.String(length=32), nullable=False),
    sa.Column('supporter_id', sa.String(length=32), nullable=False),
    sa.Column('happened_on', sa.Date(), nullable=False),
    sa.Column('kind', sa.Enum('first', 'follow_up', 'analysis', name='kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('channel', sa.Enum('phone', 'mail', 'in_person', 'video', name='channel', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('outcome', sa.Enum('not_reached', 'conversation', 'no_need', 'contact_again', 'no_further_contact', 'referred', name='outcome', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('noted_at', MOMENT, nullable=False),
    sa.ForeignKeyConstraint(['reach_out_id'], ['peersupport_reach_out.id'], name=op.f('fk_peersupport_contact_reach_out_id')),
    sa.ForeignKeyConstraint(['supporter_id'], ['peersupport_supporter.id'], name=op.f('fk_peersupport_contact_supporter_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_contact')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_contact', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_contact_reach_out_id'), ['reach_out_id'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_contact_supporter_id'), ['supporter_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_request',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('reach_out_id', sa.String(length=32), nullable=False),
    sa.Column('open_for', sa.String(length=32), nullable=True),
    sa.Column('supporter_id', sa.String(length=32), nullable=False),
    sa.Column('state', sa.Enum('asked', 'accepted', 'declined', 'expired', 'withdrawn', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('asked_at', MOMENT, nullable=False),
    sa.Column('answer_due_at', MOMENT, nullable=False),
    sa.Column('answered_at', MOMENT, nullable=True),
    sa.Column('is_by_hand', sa.Boolean(), nullable=False),
    sa.Column('is_by_telephone', sa.Boolean(), nullable=False),
    sa.Column('month', sa.String(length=7), nullable=True),
    sa.Column('sealed_reason', sa.LargeBinary(), nullable=True),
    sa.Column('explanation', sa.JSON(), nullable=True),
    sa.CheckConstraint("(state = 'asked') = (answered_at IS NULL)", name=op.f('ck_peersupport_request_answered')),
    sa.CheckConstraint("(state = 'asked') = (open_for IS NOT NULL)", name=op.f('ck_peersupport_request_open_for')),
    sa.ForeignKeyConstraint(['reach_out_id'], ['peersupport_reach_out.id'], name=op.f('fk_peersupport_request_reach_out_id')),
    sa.ForeignKeyConstraint(['supporter_id'], ['peersupport_supporter.id'], name=op.f('fk_peersupport_request_supporter_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_request')),
    sa.UniqueConstraint('open_for', name=op.f('uq_peersupport_request_open_for')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_request', schema=None) as batch_op:
        batch_op.create_index('ix_peersupport_request_due', ['state', 'answer_due_at'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_request_reach_out_id'), ['reach_out_id'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_request_supporter_id'), ['supporter_id'], unique=False, if_not_exists=True)



def downgrade() -> None:
    """Bring the tables back to the revision before."""
    op.drop_table('peersupport_request', if_exists=True)
    op.drop_table('peersupport_contact', if_exists=True)
    op.drop_table('peersupport_reach_out', if_exists=True)
    op.drop_table('peersupport_name_clearance', if_exists=True)
    op.drop_table('peersupport_excluded_person', if_exists=True)
    op.drop_table('peersupport_supporter_department', if_exists=True)
    op.drop_table('peersupport_involved', if_exists=True)
    op.drop_table('peersupport_declaration', if_exists=True)
    op.drop_table('peersupport_supporter', if_exists=True)
    op.drop_table('peersupport_report', if_exists=True)
    op.drop_table('peersupport_message', if_exists=True)
    op.drop_table('peersupport_grant', if_exists=True)
    op.drop_table('peersupport_department_alias', if_exists=True)
    op.drop_table('peersupport_report_mark', if_exists=True)
    op.drop_table('peersupport_removed_user', if_exists=True)
    op.drop_table('peersupport_person', if_exists=True)
    op.drop_table('peersupport_intake', if_exists=True)
    op.drop_table('peersupport_heartbeat', if_exists=True)
    op.drop_table('peersupport_department', if_exists=True)
    op.drop_table('peersupport_audit', if_exists=True)
