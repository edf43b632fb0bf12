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
    op.create_table('peersupport_answer_count',
    sa.Column('survey', sa.Enum('colleague', 'supporter', name='survey', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('year', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('question', sa.String(length=32), nullable=False),
    sa.Column('answer', sa.Enum('yes', 'partly', 'no', name='answer', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.CheckConstraint('count >= 0', name=op.f('ck_peersupport_answer_count_count')),
    sa.PrimaryKeyConstraint('survey', 'year', 'question', 'answer', name=op.f('pk_peersupport_answer_count')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
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

    op.create_table('peersupport_directory_decision',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('mode', sa.Enum('closed', 'all', 'opt_in', name='mode', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('decided_on', sa.Date(), nullable=False),
    sa.Column('session_id', sa.String(length=32), nullable=True),
    sa.Column('recorded_at', MOMENT, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_directory_decision')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    op.create_table('peersupport_first_hours',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('department', sa.String(length=200), nullable=False),
    sa.Column('next_patient', sa.String(length=300), nullable=True),
    sa.Column('way_home', sa.String(length=300), nullable=True),
    sa.Column('tomorrow', sa.String(length=300), nullable=True),
    sa.Column('team', sa.String(length=300), nullable=True),
    sa.Column('whom_to_call', sa.String(length=300), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_first_hours')),
    sa.UniqueConstraint('department', name=op.f('uq_peersupport_first_hours_department')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
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

    op.create_table('peersupport_nomination_round',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('state', sa.Enum('open', 'closed', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('is_heads_only', sa.Boolean(), nullable=False),
    sa.Column('max_names', sa.Integer(), nullable=False),
    sa.Column('staff_count', sa.Integer(), nullable=True),
    sa.Column('letter', sa.JSON(), nullable=False),
    sa.Column('opened_at', MOMENT, nullable=False),
    sa.Column('closes_on', sa.Date(), nullable=False),
    sa.Column('due_at', MOMENT, nullable=True),
    sa.Column('closed_at', MOMENT, nullable=True),
    sa.Column('voter_count', sa.Integer(), nullable=True),
    sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (voter_count IS NOT NULL) AND (state = 'open') = (due_at IS NOT NULL)", name=op.f('ck_peersupport_nomination_round_closed')),
    sa.CheckConstraint('max_names BETWEEN 1 AND 5', name=op.f('ck_peersupport_nomination_round_max_names')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_nomination_round')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_nomination_round', schema=None) as batch_op:
        batch_op.create_index('ix_peersupport_nomination_round_due', ['state', 'due_at'], unique=False, if_not_exists=True)

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

    op.create_table('peersupport_remark',
    sa.Column('code', sa.Enum('too_late', 'wrong_number', 'poor_match', name='code', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.CheckConstraint('count >= 0', name=op.f('ck_peersupport_remark_count')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_peersupport_remark')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
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
    op.create_table('peersupport_resource',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('tier', sa.Enum('department', 'organisation', 'outside', name='tier', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('kind', sa.Enum('head_of_department', 'emergency_team', 'confidential_adviser', 'psychologist', 'standby_psychiatrist', 'social_worker', 'chaplain', 'occupational_physician', 'gp', 'outside', name='kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('phone', sa.String(length=200), nullable=True),
    sa.Column('reach', sa.String(length=200), nullable=True),
    sa.Column('hours', sa.String(length=200), nullable=True),
    sa.Column('meant_for', sa.String(length=200), nullable=True),
    sa.Column('places', sa.String(length=200), nullable=False),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.Column('reminded_for', sa.Date(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_resource')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_resource', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_resource_valid_until'), ['valid_until'], unique=False, if_not_exists=True)

    op.create_table('peersupport_theme',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('plain_name', sa.String(length=160), nullable=False),
    sa.Column('retired_at', MOMENT, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_theme')),
    sa.UniqueConstraint('plain_name', name=op.f('uq_peersupport_theme_plain_name')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    op.create_table('peersupport_ballot_box',
    sa.Column('round_id', sa.String(length=32), nullable=False),
    sa.Column('register', LARGE_BYTES, nullable=False),
    sa.Column('tally', LARGE_BYTES, nullable=False),
    sa.ForeignKeyConstraint(['round_id'], ['peersupport_nomination_round.id'], name=op.f('fk_peersupport_ballot_box_round_id')),
    sa.PrimaryKeyConstraint('round_id', name=op.f('pk_peersupport_ballot_box')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    op.create_table('peersupport_ballot_key',
    sa.Column('round_id', sa.String(length=32), nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['round_id'], ['peersupport_nomination_round.id'], name=op.f('fk_peersupport_ballot_key_round_id')),
    sa.PrimaryKeyConstraint('round_id', name=op.f('pk_peersupport_ballot_key')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    op.create_table('peersupport_concern',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('about_id', sa.String(length=32), nullable=True),
    sa.Column('sender_id', sa.String(length=32), nullable=True),
    sa.Column('may_be_told', sa.Boolean(), nullable=False),
    sa.Column('state', sa.Enum('open', 'waiting', 'approached', 'merged', 'set_aside', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('made_at', MOMENT, nullable=False),
    sa.Column('changed_at', MOMENT, nullable=False),
    sa.CheckConstraint("(state = 'waiting') = (due_on IS NOT NULL)", name=op.f('ck_peersupport_concern_due_on')),
    sa.CheckConstraint("state NOT IN ('open', 'waiting') OR about_id IS NOT NULL", name=op.f('ck_peersupport_concern_about')),
    sa.ForeignKeyConstraint(['about_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_concern_about_id')),
    sa.ForeignKeyConstraint(['sender_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_concern_sender_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_concern')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_concern', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_concern_about_id'), ['about_id'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_concern_due_on'), ['due_on'], unique=False, if_not_exists=True)
        batch_op.create_index('ix_peersupport_concern_sender', ['sender_id', 'made_at'], unique=False, if_not_exists=True)

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

    op.create_table('peersupport_never_again',
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('said_on', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_never_again_person_id')),
    sa.PrimaryKeyConstraint('person_id', name=op.f('pk_peersupport_never_again')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    op.create_table('peersupport_nominee',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('round_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('department', sa.String(length=200), nullable=True),
    sa.Column('count', sa.Integer(), nullable=True),
    sa.CheckConstraint('count IS NULL OR count > 2', name=op.f('ck_peersupport_nominee_count')),
    sa.ForeignKeyConstraint(['person_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_nominee_person_id')),
    sa.ForeignKeyConstraint(['round_id'], ['peersupport_nomination_round.id'], name=op.f('fk_peersupport_nominee_round_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_nominee')),
    sa.UniqueConstraint('round_id', 'person_id', name=op.f('uq_peersupport_nominee_round_id_person_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_nominee', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_nominee_person_id'), ['person_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_referral',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('officer_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('ref', sa.String(length=200), nullable=True),
    sa.Column('way', sa.Enum('named', 'link', name='way', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('made_at', MOMENT, nullable=False),
    sa.ForeignKeyConstraint(['officer_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_referral_officer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_referral')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_referral', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_referral_made_at'), ['made_at'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_referral_officer_id'), ['officer_id'], unique=False, if_not_exists=True)

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

    op.create_table('peersupport_round_department',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('round_id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['round_id'], ['peersupport_nomination_round.id'], name=op.f('fk_peersupport_round_department_round_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_round_department')),
    sa.UniqueConstraint('round_id', 'name', name=op.f('uq_peersupport_round_department_round_id_name')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    op.create_table('peersupport_round_invitation',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('round_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_round_invitation_person_id')),
    sa.ForeignKeyConstraint(['round_id'], ['peersupport_nomination_round.id'], name=op.f('fk_peersupport_round_invitation_round_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_round_invitation')),
    sa.UniqueConstraint('round_id', 'person_id', name=op.f('uq_peersupport_round_invitation_round_id_person_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_round_invitation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_round_invitation_person_id'), ['person_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_supporter',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('state', sa.Enum('nominated', 'invited', 'trained', 'appointed', 'paused', 'retired', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('profession', sa.String(length=32), nullable=True),
    sa.Column('discipline', sa.String(length=32), nullable=True),
    sa.Column('seniority', sa.String(length=32), nullable=True),
    sa.Column('is_external', sa.Boolean(), nullable=False),
    sa.Column('has_account', sa.Boolean(), nullable=False),
    sa.Column('has_code', sa.Boolean(), nullable=False),
    sa.Column('is_asked_at_night', sa.Boolean(), nullable=False),
    sa.Column('week', sa.String(length=168), nullable=True),
    sa.Column('periods_until_on', sa.Date(), nullable=True),
    sa.Column('paused_until_on', sa.Date(), nullable=True),
    sa.Column('max_open', sa.Integer(), nullable=True),
    sa.Column('max_per_quarter', sa.Integer(), nullable=True),
    sa.Column('open_count', sa.Integer(), nullable=False),
    sa.Column('asked_count', sa.Integer(), nullable=False),
    sa.Column('deployments', sa.Integer(), nullable=False),
    sa.Column('quarter_count', sa.Integer(), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=True),
    sa.Column('last_deployed_at', MOMENT, nullable=True),
    sa.Column('criteria', sa.String(length=500), nullable=False),
    sa.Column('invited_at', MOMENT, nullable=True),
    sa.Column('accepted_at', MOMENT, nullable=True),
    sa.Column('refused_at', MOMENT, nullable=True),
    sa.Column('trained_here_on', sa.Date(), nullable=True),
    sa.Column('trained_elsewhere_on', sa.Date(), nullable=True),
    sa.Column('trained_on', sa.Date(), nullable=True),
    sa.Column('validity_reminded_on', sa.Date(), nullable=True),
    sa.Column('surveyed_in', sa.Integer(), nullable=True),
    sa.Column('intervision_on', sa.Date(), nullable=True),
    sa.Column('deployments_at_intervision', sa.Integer(), nullable=False),
    sa.Column('appointed_on', sa.Date(), nullable=True),
    sa.Column('is_listed', sa.Boolean(), nullable=True),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.CheckConstraint("state <> 'invited' OR invited_at IS NOT NULL", name=op.f('ck_peersupport_supporter_invited')),
    sa.CheckConstraint("state = 'retired' OR (state IN ('appointed', 'paused') AND appointed_on IS NOT NULL) OR (state IN ('nominated', 'invited', 'trained') AND appointed_on IS NULL)", name=op.f('ck_peersupport_supporter_appointed')),
    sa.CheckConstraint("state = 'retired' OR refused_at IS NULL", name=op.f('ck_peersupport_supporter_refused')),
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

    op.create_table('peersupport_analysis_meeting',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('report_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.Enum('analysis', 'hearing', 'ruling', name='kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('source', sa.Enum('host', 'coordinator', name='source', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('takes_place_at', MOMENT, nullable=False),
    sa.Column('before_due_at', MOMENT, nullable=True),
    sa.Column('after_due_at', MOMENT, nullable=True),
    sa.CheckConstraint('(before_due_at IS NULL) OR (after_due_at IS NOT NULL)', name=op.f('ck_peersupport_analysis_meeting_reminders')),
    sa.ForeignKeyConstraint(['report_id'], ['peersupport_report.id'], name=op.f('fk_peersupport_analysis_meeting_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_analysis_meeting')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_analysis_meeting', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_analysis_meeting_after_due_at'), ['after_due_at'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_analysis_meeting_before_due_at'), ['before_due_at'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_analysis_meeting_report_id'), ['report_id'], unique=False, if_not_exists=True)

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

    op.create_table('peersupport_external_code',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('supporter_id', sa.String(length=32), nullable=False),
    sa.Column('salt', sa.LargeBinary(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('set_at', MOMENT, nullable=False),
    sa.Column('wrong_count', sa.Integer(), nullable=False),
    sa.Column('wrong_since', MOMENT, nullable=True),
    sa.Column('asked_count', sa.Integer(), nullable=False),
    sa.Column('asked_since', MOMENT, nullable=True),
    sa.CheckConstraint('(wrong_count = 0) = (wrong_since IS NULL) AND (asked_count = 0) = (asked_since IS NULL)', name=op.f('ck_peersupport_external_code_since')),
    sa.CheckConstraint('wrong_count >= 0 AND asked_count >= 0', name=op.f('ck_peersupport_external_code_counts')),
    sa.ForeignKeyConstraint(['supporter_id'], ['peersupport_supporter.id'], name=op.f('fk_peersupport_external_code_supporter_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_external_code')),
    sa.UniqueConstraint('supporter_id', name=op.f('uq_peersupport_external_code_supporter_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    op.create_table('peersupport_informal_support',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('supporter_id', sa.String(length=32), nullable=False),
    sa.Column('happened_on', sa.Date(), nullable=False),
    sa.Column('kind', sa.Enum('event', 'case', 'work', 'private', 'other', name='kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('counted_at', MOMENT, nullable=False),
    sa.ForeignKeyConstraint(['supporter_id'], ['peersupport_supporter.id'], name=op.f('fk_peersupport_informal_support_supporter_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_informal_support')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_informal_support', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_informal_support_supporter_id'), ['supporter_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_involved',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('report_id', sa.String(length=32), nullable=True),
    sa.Column('earlier_report_id', sa.String(length=32), nullable=True),
    sa.Column('person_id', sa.String(length=32), nullable=True),
    sa.Column('wish', sa.Enum('yes', 'no', 'ask', name='wish', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('wish_by', sa.Enum('own', 'reporter', name='wish_by', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('is_outside', sa.Boolean(), nullable=False),
    sa.Column('department', sa.String(length=420), nullable=True),
    sa.Column('profession', sa.String(length=32), nullable=True),
    sa.Column('discipline', sa.String(length=32), nullable=True),
    sa.Column('seniority', sa.String(length=32), nullable=True),
    sa.Column('wanted_profession', sa.String(length=32), nullable=True),
    sa.Column('channel', sa.Enum('phone', 'mail', 'in_person', 'video', name='channel', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('day_part', sa.String(length=16), nullable=True),
    sa.Column('flags', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['earlier_report_id'], ['peersupport_report.id'], name=op.f('fk_peersupport_involved_earlier_report_id')),
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
        batch_op.create_index(batch_op.f('ix_peersupport_involved_earlier_report_id'), ['earlier_report_id'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_involved_person_id'), ['person_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_referral_link',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('report_id', sa.String(length=32), nullable=False),
    sa.Column('expires_at', MOMENT, nullable=False),
    sa.ForeignKeyConstraint(['report_id'], ['peersupport_report.id'], name=op.f('fk_peersupport_referral_link_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_referral_link')),
    sa.UniqueConstraint('digest', name=op.f('uq_peersupport_referral_link_digest')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_referral_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_referral_link_expires_at'), ['expires_at'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_referral_link_report_id'), ['report_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_session',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.Enum('training', 'light_training', 'follow_up_meeting', 'intervision', 'lecture', 'information', 'group_support', name='kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('state', sa.Enum('planned', 'held', 'cancelled', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('series_id', sa.String(length=32), nullable=True),
    sa.Column('title', sa.String(length=200), nullable=True),
    sa.Column('starts_at', MOMENT, nullable=False),
    sa.Column('ends_at', MOMENT, nullable=False),
    sa.Column('place', sa.String(length=200), nullable=True),
    sa.Column('link', sa.String(length=500), nullable=True),
    sa.Column('target', sa.Enum('supporters', 'candidates', 'everybody', 'nobody', name='target', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=True),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('accreditation_number', sa.String(length=50), nullable=True),
    sa.Column('accreditation_points', sa.Integer(), nullable=True),
    sa.Column('ticks', sa.String(length=100), nullable=False),
    sa.Column('report_id', sa.String(length=32), nullable=True),
    sa.Column('reminded_at', MOMENT, nullable=True),
    sa.Column('cancelled_at', MOMENT, nullable=True),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name=op.f('ck_peersupport_session_cancelled')),
    sa.CheckConstraint("kind <> 'group_support' OR (title IS NULL AND target = 'nobody' AND link IS NULL AND accreditation_number IS NULL)", name=op.f('ck_peersupport_session_group_support')),
    sa.CheckConstraint("report_id IS NULL OR kind = 'group_support'", name=op.f('ck_peersupport_session_report')),
    sa.CheckConstraint('capacity IS NULL OR capacity > 0', name=op.f('ck_peersupport_session_capacity')),
    sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_peersupport_session_ends_after_start')),
    sa.ForeignKeyConstraint(['report_id'], ['peersupport_report.id'], name=op.f('fk_peersupport_session_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_session')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_session_report_id'), ['report_id'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_session_series_id'), ['series_id'], unique=False, if_not_exists=True)
        batch_op.create_index('ix_peersupport_session_when', ['state', 'starts_at', 'id'], unique=False, if_not_exists=True)

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

    op.create_table('peersupport_supporter_deployment',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('supporter_id', sa.String(length=32), nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.ForeignKeyConstraint(['supporter_id'], ['peersupport_supporter.id'], name=op.f('fk_peersupport_supporter_deployment_supporter_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_supporter_deployment')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_supporter_deployment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_supporter_deployment_month'), ['month'], unique=False, if_not_exists=True)
        batch_op.create_index('ix_peersupport_supporter_deployment_when', ['supporter_id', 'month'], unique=False, if_not_exists=True)

    op.create_table('peersupport_supporter_period',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('supporter_id', sa.String(length=32), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('last_on', sa.Date(), nullable=False),
    sa.Column('week', sa.String(length=168), nullable=True),
    sa.CheckConstraint('last_on >= first_on', name=op.f('ck_peersupport_supporter_period_order')),
    sa.ForeignKeyConstraint(['supporter_id'], ['peersupport_supporter.id'], name=op.f('fk_peersupport_supporter_period_supporter_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_supporter_period')),
    sa.UniqueConstraint('supporter_id', 'first_on', name=op.f('uq_peersupport_supporter_period_supporter_id_first_on')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    op.create_table('peersupport_attendance',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('session_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('sign_up', sa.Enum('signed_up', 'waiting', 'withdrawn', name='sign_up', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('place_number', sa.Integer(), nullable=False),
    sa.Column('signed_up_at', MOMENT, nullable=False),
    sa.Column('has_attended', sa.Boolean(), nullable=True),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('confirmed_at', MOMENT, nullable=True),
    sa.CheckConstraint('place_number > 0', name=op.f('ck_peersupport_attendance_place_number')),
    sa.ForeignKeyConstraint(['person_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_attendance_person_id')),
    sa.ForeignKeyConstraint(['session_id'], ['peersupport_session.id'], name=op.f('fk_peersupport_attendance_session_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_attendance')),
    sa.UniqueConstraint('session_id', 'person_id', name=op.f('uq_peersupport_attendance_session_id_person_id')),
    sa.UniqueConstraint('session_id', 'place_number', name=op.f('uq_peersupport_attendance_session_id_place_number')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_attendance', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_attendance_person_id'), ['person_id'], unique=False, if_not_exists=True)
        batch_op.create_index('ix_peersupport_attendance_place', ['session_id', 'sign_up', 'place_number'], unique=False, if_not_exists=True)

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
    sa.Column('waiting_for', sa.Enum('unknown_department', 'unknown_person', 'no_supporter', 'by_hand', 'by_telephone', 'other_hours', 'not_reached', 'colleague_gone', 'supporter_gone', name='waiting', native_enum=False, create_constraint=True, length=32), nullable=True),
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
    sa.Column('referred_to', sa.Enum('head_of_department', 'emergency_team', 'confidential_adviser', 'psychologist', 'standby_psychiatrist', 'social_worker', 'chaplain', 'occupational_physician', 'gp', 'outside', name='referred_kind', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('closed_at', MOMENT, nullable=True),
    sa.Column('call_wanted_at', MOMENT, nullable=True),
    sa.Column('is_concern_told', sa.Boolean(), nullable=False),
    sa.Column('earlier_id', sa.String(length=32), nullable=True),
    sa.Column('is_survey_done', sa.Boolean(), nullable=False),
    sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (outcome IS NOT NULL)", name=op.f('ck_peersupport_reach_out_closed')),
    sa.CheckConstraint("(state = 'needs_coordinator') = (waiting_for IS NOT NULL)", name=op.f('ck_peersupport_reach_out_waiting_for')),
    sa.CheckConstraint("referred_to IS NULL OR outcome = 'referred'", name=op.f('ck_peersupport_reach_out_referred_to')),
    sa.CheckConstraint("state NOT IN ('accepted', 'in_contact', 'follow_up') OR supporter_id IS NOT NULL", name=op.f('ck_peersupport_reach_out_taken')),
    sa.ForeignKeyConstraint(['earlier_id'], ['peersupport_reach_out.id'], name=op.f('fk_peersupport_reach_out_earlier_id')),
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
        batch_op.create_index(batch_op.f('ix_peersupport_reach_out_earlier_id'), ['earlier_id'], unique=False, if_not_exists=True)
        batch_op.create_index('ix_peersupport_reach_out_queue', ['state', 'urgent_at', 'id'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_reach_out_supporter_id'), ['supporter_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_resolution',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('session_id', sa.String(length=32), nullable=False),
    sa.Column('is_decision', sa.Boolean(), nullable=False),
    sa.Column('text', sa.String(length=500), nullable=False),
    sa.Column('owner_id', sa.String(length=32), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('done_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['owner_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_resolution_owner_id')),
    sa.ForeignKeyConstraint(['session_id'], ['peersupport_session.id'], name=op.f('fk_peersupport_resolution_session_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_resolution')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_resolution', schema=None) as batch_op:
        batch_op.create_index('ix_peersupport_resolution_open', ['done_on', 'due_on'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_resolution_owner_id'), ['owner_id'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_resolution_session_id'), ['session_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_session_reach',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('session_id', sa.String(length=32), nullable=False),
    sa.Column('reached', sa.Enum('residents', 'students', 'physicians', 'nurses', 'heads', 'others', name='reached', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.CheckConstraint('count >= 0', name=op.f('ck_peersupport_session_reach_count')),
    sa.ForeignKeyConstraint(['session_id'], ['peersupport_session.id'], name=op.f('fk_peersupport_session_reach_session_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_session_reach')),
    sa.UniqueConstraint('session_id', 'reached', name=op.f('uq_peersupport_session_reach_session_id_reached')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    op.create_table('peersupport_session_remark',
    sa.Column('session_id', sa.String(length=32), nullable=False),
    sa.Column('code', sa.Enum('too_late', 'wrong_number', 'poor_match', name='code', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.CheckConstraint('count > 0', name=op.f('ck_peersupport_session_remark_count')),
    sa.ForeignKeyConstraint(['session_id'], ['peersupport_session.id'], name=op.f('fk_peersupport_session_remark_session_id')),
    sa.PrimaryKeyConstraint('session_id', 'code', name=op.f('pk_peersupport_session_remark')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    op.create_table('peersupport_session_theme',
    sa.Column('session_id', sa.String(length=32), nullable=False),
    sa.Column('theme_id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['session_id'], ['peersupport_session.id'], name=op.f('fk_peersupport_session_theme_session_id')),
    sa.ForeignKeyConstraint(['theme_id'], ['peersupport_theme.id'], name=op.f('fk_peersupport_session_theme_theme_id')),
    sa.PrimaryKeyConstraint('session_id', 'theme_id', name=op.f('pk_peersupport_session_theme')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_session_theme', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_session_theme_theme_id'), ['theme_id'], unique=False, if_not_exists=True)

    op.create_table('peersupport_session_trainer',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('session_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['peersupport_person.id'], name=op.f('fk_peersupport_session_trainer_person_id')),
    sa.ForeignKeyConstraint(['session_id'], ['peersupport_session.id'], name=op.f('fk_peersupport_session_trainer_session_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_session_trainer')),
    sa.UniqueConstraint('session_id', 'person_id', name=op.f('uq_peersupport_session_trainer_session_id_person_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_session_trainer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_session_trainer_person_id'), ['person_id'], unique=False, if_not_exists=True)

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

    op.create_table('peersupport_external_token',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('request_id', sa.String(length=32), nullable=False),
    sa.Column('purpose', sa.Enum('link', 'page', name='purpose', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('made_at', MOMENT, nullable=False),
    sa.Column('expires_at', MOMENT, nullable=False),
    sa.Column('used_at', MOMENT, nullable=True),
    sa.ForeignKeyConstraint(['request_id'], ['peersupport_request.id'], name=op.f('fk_peersupport_external_token_request_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_peersupport_external_token')),
    sa.UniqueConstraint('digest', name=op.f('uq_peersupport_external_token_digest')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB',
    if_not_exists=True
    )
    with op.batch_alter_table('peersupport_external_token', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_peersupport_external_token_expires_at'), ['expires_at'], unique=False, if_not_exists=True)
        batch_op.create_index(batch_op.f('ix_peersupport_external_token_request_id'), ['request_id'], unique=False, if_not_exists=True)



def downgrade() -> None:
    """Bring the tables back to the revision before."""
    op.drop_table('peersupport_external_token', if_exists=True)
    op.drop_table('peersupport_request', if_exists=True)
    op.drop_table('peersupport_contact', if_exists=True)
    op.drop_table('peersupport_session_trainer', if_exists=True)
    op.drop_table('peersupport_session_theme', if_exists=True)
    op.drop_table('peersupport_session_remark', if_exists=True)
    op.drop_table('peersupport_session_reach', if_exists=True)
    op.drop_table('peersupport_resolution', if_exists=True)
    op.drop_table('peersupport_reach_out', if_exists=True)
    op.drop_table('peersupport_name_clearance', if_exists=True)
    op.drop_table('peersupport_excluded_person', if_exists=True)
    op.drop_table('peersupport_attendance', if_exists=True)
    op.drop_table('peersupport_supporter_period', if_exists=True)
    op.drop_table('peersupport_supporter_deployment', if_exists=True)
    op.drop_table('peersupport_supporter_department', if_exists=True)
    op.drop_table('peersupport_session', if_exists=True)
    op.drop_table('peersupport_referral_link', if_exists=True)
    op.drop_table('peersupport_involved', if_exists=True)
    op.drop_table('peersupport_informal_support', if_exists=True)
    op.drop_table('peersupport_external_code', if_exists=True)
    op.drop_table('peersupport_declaration', if_exists=True)
    op.drop_table('peersupport_analysis_meeting', if_exists=True)
    op.drop_table('peersupport_supporter', if_exists=True)
    op.drop_table('peersupport_round_invitation', if_exists=True)
    op.drop_table('peersupport_round_department', if_exists=True)
    op.drop_table('peersupport_report', if_exists=True)
    op.drop_table('peersupport_referral', if_exists=True)
    op.drop_table('peersupport_nominee', if_exists=True)
    op.drop_table('peersupport_never_again', if_exists=True)
    op.drop_table('peersupport_message', if_exists=True)
    op.drop_table('peersupport_grant', if_exists=True)
    op.drop_table('peersupport_department_alias', if_exists=True)
    op.drop_table('peersupport_concern', if_exists=True)
    op.drop_table('peersupport_ballot_key', if_exists=True)
    op.drop_table('peersupport_ballot_box', if_exists=True)
    op.drop_table('peersupport_theme', if_exists=True)
    op.drop_table('peersupport_resource', if_exists=True)
    op.drop_table('peersupport_report_mark', if_exists=True)
    op.drop_table('peersupport_removed_user', if_exists=True)
    op.drop_table('peersupport_remark', if_exists=True)
    op.drop_table('peersupport_person', if_exists=True)
    op.drop_table('peersupport_nomination_round', if_exists=True)
    op.drop_table('peersupport_intake', if_exists=True)
    op.drop_table('peersupport_heartbeat', if_exists=True)
    op.drop_table('peersupport_first_hours', if_exists=True)
    op.drop_table('peersupport_directory_decision', if_exists=True)
    op.drop_table('peersupport_department', if_exists=True)
    op.drop_table('peersupport_audit', if_exists=True)
    op.drop_table('peersupport_answer_count', if_exists=True)
