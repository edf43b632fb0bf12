"""The tables, and how the domain's classes are mapped to them."""

from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, ForeignKey, Integer, String, Table, orm

from .domain import Employee, Incident, LogEntry

db = SQLAlchemy()
mappings = orm.registry(metadata=db.metadata)

employees = Table(
    "employee",
    mappings.metadata,
    Column("id", String(36), primary_key=True),
    Column("full_name", String(120), nullable=False),
    Column("work_mail", String(120), nullable=False, unique=True),
    Column("org_unit", String(60)),
)
incidents = Table(
    "incident",
    mappings.metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),
    Column("summary", String(500), nullable=False),
    Column("unit", String(60)),
    Column("reported_by", ForeignKey("employee.id")),
)
log = Table(
    "audit_log",
    mappings.metadata,
    Column("id", Integer, primary_key=True),
    Column("subject", String(20), nullable=False),
    Column("action", String(200), nullable=False),
)

mappings.map_imperatively(Employee, employees)
mappings.map_imperatively(Incident, incidents)
mappings.map_imperatively(LogEntry, log)
