"""The views of the host, written as a host would: each stores a report in a way of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import request
from sqlalchemy import orm

from tests.faults.host import Host


def watch_commit(host: Host) -> Any:
    host.note("a visit")
    incident = host.new(host.Incident, request.form)
    host.session.add(incident)
    host.session.add(host.Log(text="reported"))
    host.session.commit()
    return host.answer(incident.id)


def watch_savepoint(host: Host) -> Any:
    host.note("a visit")
    with host.session.begin_nested():
        incident = host.new(host.Incident, request.form)
        host.session.add(incident)
    host.session.add(host.Log(text="reported"))
    host.session.commit()
    return host.answer(incident.id)


def watch_own_session(host: Host) -> Any:
    host.note("a visit")
    with orm.Session(host.db.engine, expire_on_commit=False) as session, session.begin():
        incident = host.new(host.Incident, request.form)
        session.add(incident)
    return host.answer(incident.id)


def watch_half_built(host: Host) -> Any:
    """Complete the log where the flush inserts it, which is after the incident."""
    log = host.Log()

    def complete(mapper: object, connection: object, target: Any) -> None:
        if target is log:
            target.text = "completed"

    sa.event.listen(host.Log, "before_insert", complete)
    try:
        incident = host.new(host.Incident, request.form)
        host.session.add_all([log, incident])
        host.session.commit()
    finally:
        sa.event.remove(host.Log, "before_insert", complete)
    return host.answer(incident.id)


def watch_half_built_elsewhere(host: Host) -> Any:
    """Store the report in a session of its own while the other session is being filled."""
    incident = host.new(host.Incident, request.form)
    incident.author_id = None
    host.session.rollback()  # who is signed in is not loaded any more
    log = host.Log()
    host.session.add(log)
    with orm.Session(host.db.engine, expire_on_commit=False) as session, session.begin():
        session.add(incident)
    log.text = "completed"
    host.session.commit()
    return host.answer(incident.id)


def signal_before_flush(host: Host) -> Any:
    host.note("a visit")
    case = host.new(host.Case, request.form)
    host.session.add(case)
    host.signal(case)
    host.session.commit()
    return host.answer(case.id)


def signal_after_flush(host: Host) -> Any:
    host.note("a visit")
    case = host.new(host.Case, request.form)
    host.session.add(case)
    host.session.flush()
    host.signal(case)
    host.session.add(host.Log(text="reported"))
    host.session.commit()
    return host.answer(case.id)


def signal_half_built(host: Host) -> Any:
    case = host.new(host.Case, request.form)
    host.session.add(case)
    host.session.flush()
    log = host.Log()
    host.session.add(log)
    host.signal(case)
    log.text = "completed"
    host.session.commit()
    return host.answer(case.id)


def signal_savepoint(host: Host) -> Any:
    host.note("a visit")
    with host.session.begin_nested():
        case = host.new(host.Case, request.form)
        host.session.add(case)
        host.session.flush()
        host.signal(case)
    host.session.commit()
    return host.answer(case.id)


def signal_after_commit(host: Host) -> Any:
    host.note("a visit")
    case = host.new(host.Case, request.form)
    host.session.add(case)
    host.session.commit()
    host.signal(case)
    return host.answer(case.id)


def signal_between(host: Host) -> Any:
    """Commit, write something else, signal, and think better of the something else."""
    case = host.new(host.Case, request.form)
    host.session.add(case)
    host.session.commit()
    host.session.add(host.Log(text="to be undone"))
    host.session.flush()
    host.signal(case)
    case_id = case.id
    host.session.rollback()
    return host.answer(case_id)


def watch_and_signal(host: Host) -> Any:
    incident = host.new(host.Incident, request.form)
    host.session.add(incident)
    host.session.flush()
    host.signal(incident)
    host.session.commit()
    host.signal(incident)
    return host.answer(incident.id)


def core_in_session(host: Host) -> Any:
    host.note("a visit")
    connection = host.session.connection()
    added = connection.execute(sa.insert(host.Case).values(host.row(request.form)))
    (case_id,) = added.inserted_primary_key
    host.signal_case(case_id, request.form)
    host.session.commit()
    return host.answer(case_id)


def core_begin(host: Host) -> Any:
    row = host.row(request.form)
    with host.db.engine.begin() as connection:
        (case_id,) = connection.execute(sa.insert(host.Case).values(row)).inserted_primary_key
        host.signal_case(case_id, request.form)
    return host.answer(case_id)


def core_after_commit(host: Host) -> Any:
    row = host.row(request.form)
    with host.db.engine.begin() as connection:
        (case_id,) = connection.execute(sa.insert(host.Case).values(row)).inserted_primary_key
    host.signal_case(case_id, request.form)
    return host.answer(case_id)


def raw_driver(host: Host) -> Any:
    """Store without SQLAlchemy, on a connection of the driver's own."""
    row = host.row(request.form)
    host.session.remove()
    connection = host.connect_raw()
    mark = "?" if host.db.engine.dialect.name == "sqlite" else "%s"
    statement = f"INSERT INTO cases ({', '.join(row)}) VALUES ({', '.join([mark] * len(row))})"
    try:
        cursor = connection.cursor()
        cursor.execute(statement, [str(v) if k == "created_at" else v for k, v in row.items()])
        cursor.execute("SELECT MAX(id) FROM cases")
        (case_id,) = cursor.fetchone()
        connection.commit()
    finally:
        connection.close()
    host.signal_case(case_id, request.form)
    return host.answer(case_id)


def bulk(host: Host) -> Any:
    """Insert many at once: no event of the mapper's tells of it."""
    host.session.execute(sa.insert(host.Incident), [host.row(request.form)])
    host.session.commit()
    return "imported"


def watch_rollback(host: Host) -> Any:
    host.note("a visit")
    host.session.add(host.new(host.Incident, request.form))
    host.session.flush()
    host.session.rollback()
    return "not stored"


def watch_exception(host: Host) -> Any:
    host.session.add(host.new(host.Incident, request.form))
    host.session.flush()
    raise RuntimeError("a bug of the host")


def signal_rollback(host: Host) -> Any:
    host.note("a visit")
    case = host.new(host.Case, request.form)
    host.session.add(case)
    host.session.flush()
    host.signal(case)
    host.session.rollback()
    return "not stored"


def signal_exception(host: Host) -> Any:
    case = host.new(host.Case, request.form)
    host.session.add(case)
    host.session.flush()
    host.signal(case)
    raise RuntimeError("a bug of the host")


def core_exception(host: Host) -> Any:
    row = host.row(request.form)
    with host.db.engine.begin() as connection:
        (case_id,) = connection.execute(sa.insert(host.Case).values(row)).inserted_primary_key
        host.signal_case(case_id, request.form)
        raise RuntimeError("a bug of the host")


def watch_savepoint_undone(host: Host) -> Any:
    host.session.add(host.Log(text="tried"))
    host.session.flush()
    nested = host.session.begin_nested()
    host.session.add(host.new(host.Incident, request.form))
    host.session.flush()
    nested.rollback()
    host.session.commit()
    return "not stored"


def signal_savepoint_undone(host: Host) -> Any:
    host.session.add(host.Log(text="tried"))
    host.session.flush()
    nested = host.session.begin_nested()
    case = host.new(host.Case, request.form)
    host.session.add(case)
    host.session.flush()
    host.signal(case)
    nested.rollback()
    host.session.commit()
    return "not stored"


def issued_again(host: Host) -> Any:
    """Roll the first report back; the next one gets its id."""
    incident = host.new(host.Incident, request.form)
    incident.id = 77
    if request.form["title"] != "In vain":  # by then the host may have been started again
        incident.created_at += timedelta(minutes=1)
    host.session.add(incident)
    host.session.flush()
    if request.form["title"] == "In vain":
        host.session.rollback()
        return "not stored"
    host.session.commit()
    return host.answer(77)


def issued_again_at_once(host: Host) -> Any:
    """Roll a report back and store another under its id, in one request."""
    first = host.new(
        host.Case, request.form.to_dict() | {"title": "In vain", "colleague": "Nobody Named"}
    )
    first.id = 77
    host.session.add(first)
    host.session.flush()
    host.signal(first)
    host.session.rollback()
    second = host.new(host.Case, request.form)
    second.id = 77
    host.session.add(second)
    host.session.flush()
    host.signal(second)
    host.session.commit()
    return host.answer(77)
