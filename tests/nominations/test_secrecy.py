"""What dumps tell of a vote before, during and after a round: each sentence of docs/security.md."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.db import Base
from flask_peersupport.errors import KeyringError
from flask_peersupport.nominations import box
from flask_peersupport.nominations.box import BallotKeys, Choice
from flask_peersupport.nominations.models import BallotBox, BallotKey, NominationRound, Nominee
from flask_peersupport.testing import MemoryKeys
from flask_peersupport.values import Person
from flask_peersupport.vault.keyring import FileKeys
from flask_peersupport.vault.models import PersonRecord
from tests.nominations.conftest import ANNA, BRAM, CHRIS, NOW, Hospital, named, staff
from tests.nominations.dumps import differences, dump, raw_bytes, rows_of
from tests.nominations.test_views import LINE, actions, ballot, coordinator, send

BOX = "peersupport_ballot_box"
STRANGER = Choice("Zwaantje Onbekend", "Ward 9")
VOTERS = [staff(10 + number) for number in range(6)]


@dataclass
class Content:
    """What the box of an open round holds, read with the keyring as an attacker would."""

    keys: BallotKeys
    register: bytes
    tally: bytes
    lengths: tuple[int, int]

    def voters(self, staff_list: Sequence[Person]) -> set[str]:
        """Return who of a list of staff is in the register."""
        hashes = {box.voter_hash(self.keys, one): one.name for one in staff_list}
        return {name for mark, name in hashes.items() if mark in self.register}


def content_of(session: orm.Session, hospital: Hospital, round_id: str) -> Content:
    row, ballot_box = session.get_one(BallotKey, round_id), session.get_one(BallotBox, round_id)
    keys = BallotKeys.open(round_id, row.month, row.sealed, hospital.runtime.keys)
    return Content(
        keys,
        box._decrypt(keys.register, f"register {round_id}", ballot_box.register),
        box._decrypt(keys.tally, f"tally {round_id}", ballot_box.tally),
        (len(ballot_box.register), len(ballot_box.tally)),
    )


def read_content(hospital: Hospital, round_id: str) -> Content:
    content: Content = hospital.read(lambda session: content_of(session, hospital, round_id))
    return content


def engine_of(hospital: Hospital) -> sa.Engine:
    return hospital.runtime.storage.engine


# one vote


def test_between_two_dumps_a_vote_changes_one_row_and_not_its_length(hospital: Hospital) -> None:
    round_id = hospital.open()
    visitor = hospital.visitor(BRAM)
    visitor.get("/")
    before = dump(engine_of(hospital))
    address = f"/nominations/{round_id}/vote"
    fields = ballot((STRANGER.name, "Ward 9"), ("Anna Vos", "Ward 1"))
    assert visitor.post(address, **fields).status_code == 302
    after = dump(engine_of(hospital))
    gone, new = differences(before, after)
    assert (len(gone), len(new)) == (1, 1)
    assert rows_of(gone, BOX) == gone
    assert rows_of(new, BOX) == new
    assert len(gone[0]) == len(new[0])
    assert len(before) == len(after)


def test_looking_trying_again_and_getting_it_wrong_change_nothing(hospital: Hospital) -> None:
    round_id = hospital.open()
    address = f"/nominations/{round_id}/vote"
    visitor = hospital.visitor(BRAM)
    visitor.post(address, **ballot((STRANGER.name, "")))
    other = hospital.visitor(CHRIS)
    before = dump(engine_of(hospital))
    assert send(visitor, address, ballot(("Another", ""))).status_code == 302
    assert other.post(address, **ballot(("Chris de Boer", "Ward 9"))).status_code == 422
    for page in ("/", "/nominations", f"/nominations/{round_id}", address):
        for one in (visitor, other):
            assert one.get(page).status_code in (200, 302)
    assert differences(before, dump(engine_of(hospital))) == ([], [])


def test_no_dump_holds_a_name_or_an_account_in_the_clear(hospital: Hospital) -> None:
    hospital.employ(ANNA)
    round_id = hospital.open()
    address = f"/nominations/{round_id}/vote"
    hospital.visitor(BRAM).post(address, **ballot((STRANGER.name, ""), ("Anna Vos", "")))
    hospital.others_vote(round_id, named(ANNA))
    dumps = [dump(engine_of(hospital))]
    hospital.close(round_id)
    dumps.append(dump(engine_of(hospital)))
    for number, lines in enumerate(dumps):
        text = "\n".join(lines).casefold()
        for word in (STRANGER.name, "Zwaantje", "Anna", "Bram", "hospital.example"):
            assert word.casefold() not in text, (number, word)
            assert word.encode().hex() not in text, (number, word)
            assert word.casefold().encode().hex() not in text, (number, word)


def test_the_browser_keeps_nothing_of_a_vote(small_hospital: Hospital) -> None:
    round_id = small_hospital.open()
    visitor = small_hospital.visitor(BRAM)
    answer = visitor.post(f"/nominations/{round_id}/vote", **ballot((STRANGER.name, "")))
    assert STRANGER.name not in answer.get_data(as_text=True)
    assert answer.headers["Cache-Control"] == "no-store"
    with visitor.client.session_transaction() as session:
        assert set(session) == {"csrf_token"}


def test_no_log_line_holds_who_was_named(
    small_hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    engine = engine_of(small_hospital)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("sqlalchemy.engine").setLevel(logging.DEBUG)
        engine.echo = True
        try:
            round_id = small_hospital.open()
            visitor = small_hospital.visitor(BRAM)
            send(visitor, "/people", {"q": "Zwaan"})
            address = f"/nominations/{round_id}/vote"
            assert visitor.post(address, **ballot((STRANGER.name, ""))).status_code == 302
            small_hospital.others_vote(round_id, STRANGER)
            small_hospital.close(round_id)
            assert small_hospital.result(round_id)
        finally:
            engine.echo = False
            logging.getLogger("sqlalchemy.engine").setLevel(logging.NOTSET)
    assert "UPDATE peersupport_ballot_box" in caplog.text, "statements were logged"
    for word in ("Zwaan", "Onbekend", "Bram", BRAM.email or ""):
        assert word not in caplog.text


def test_nothing_typed_on_the_ballot_is_in_an_address(small_hospital: Hospital) -> None:
    round_id = small_hospital.open()
    page = small_hospital.visitor(BRAM).get(f"/nominations/{round_id}").get_data(as_text=True)
    assert 'method="post"' in page
    assert "data-ps-token=" in page, "completing names is a POST too"
    assert page.count('autocomplete="off"') >= page.count('type="text"')


# during a round


def cross(hospital: Hospital, pairs: list[tuple[Person, Choice]], round_id: str) -> None:
    for voter, choice in pairs:
        assert hospital.vote(round_id, voter, choice)


#: Two ways to the same totals: other pairs, in another order.
ONE_WAY = [(VOTERS[n], named(ANNA) if n < 3 else STRANGER) for n in range(6)]
OTHER_WAY = [(VOTERS[n], STRANGER if n < 3 else named(ANNA)) for n in (4, 0, 5, 2, 1, 3)]


def test_two_ways_to_the_same_totals_leave_the_same_rows_of_the_same_length(
    hospital: Hospital,
) -> None:
    hospital.employ(ANNA)
    first = hospital.open(departments=("Ward 1",))
    second = hospital.open(departments=("Ward 2",))
    cross(hospital, ONE_WAY, first)
    cross(hospital, OTHER_WAY, second)
    one, other = read_content(hospital, first), read_content(hospital, second)
    assert one.lengths == other.lengths
    assert one.tally == other.tally
    assert one.voters(VOTERS) == other.voters(VOTERS) == {voter.name for voter in VOTERS}
    boxes = rows_of(dump(engine_of(hospital)), BOX)
    assert len({len(row) for row in boxes}) == 1
    hospital.close(first)
    hospital.close(second)
    assert stored_nominees(hospital, first) == stored_nominees(hospital, second)


def stored_nominees(hospital: Hospital, round_id: str) -> list[tuple[Any, ...]]:
    """Return the nominees of a round as the table holds them, in the order of its pages."""
    dialect = engine_of(hospital).dialect.name
    order = {"sqlite": "rowid", "postgresql": "ctid"}.get(dialect, "department, count")
    statement = sa.text(
        "SELECT department, count FROM peersupport_nominee"
        f" WHERE round_id = :round_id ORDER BY {order}"
    )
    rows: list[tuple[Any, ...]] = hospital.read(
        lambda session: [tuple(row) for row in session.execute(statement, {"round_id": round_id})]
    )
    assert rows
    return rows


def test_the_same_box_and_keys_end_in_the_same_bytes_whoever_named_whom(
    small_hospital: Hospital,
) -> None:
    """Even under the very same keys the content is the same: nothing is left to be compared."""
    small_hospital.employ(ANNA)
    round_id = small_hospital.open()
    engine = engine_of(small_hospital)
    file = Path(engine.url.database or "")
    engine.dispose()
    start = file.read_bytes()
    ends = []
    for way in (ONE_WAY, OTHER_WAY):
        engine.dispose()
        file.write_bytes(start)
        cross(small_hospital, way, round_id)
        content = read_content(small_hospital, round_id)
        ends.append((content.register, content.tally, content.lengths))
    assert ends[0] == ends[1]


def test_dump_and_keyring_show_who_voted_and_the_counts_and_no_pair(hospital: Hospital) -> None:
    hospital.employ(ANNA)
    round_id = hospital.open()
    cross(hospital, ONE_WAY, round_id)
    content = read_content(hospital, round_id)
    assert content.voters([*VOTERS, BRAM]) == {voter.name for voter in VOTERS}
    tally = hospital.read(
        lambda session: box.open_tally(
            content.keys, round_id, session.get_one(BallotBox, round_id).tally
        )
    )
    assert [(choice.name, count) for choice, count in box.ordered_choices(tally)] == [
        ("Anna Vos", 3),
        ("Zwaantje Onbekend", 3),
    ]


def test_two_dumps_and_the_keyring_show_the_votes_between_them_as_one_heap(
    small_hospital: Hospital,
) -> None:
    """Said openly: a heap of one vote is a vote."""
    small_hospital.employ(ANNA)
    round_id = small_hospital.open()
    before = read_content(small_hospital, round_id)
    small_hospital.vote(round_id, VOTERS[0], named(ANNA))
    small_hospital.vote(round_id, VOTERS[1], STRANGER)
    after = read_content(small_hospital, round_id)
    assert after.voters(VOTERS) - before.voters(VOTERS) == {VOTERS[0].name, VOTERS[1].name}
    assert b"Anna Vos" in after.tally
    assert b"Zwaantje" in after.tally
    small_hospital.vote(round_id, VOTERS[2], named(ANNA))
    last = read_content(small_hospital, round_id)
    assert last.voters(VOTERS) - after.voters(VOTERS) == {VOTERS[2].name}


def test_a_dump_without_the_keyring_shows_neither_voters_nor_names(
    small_hospital: Hospital,
) -> None:
    round_id = small_hospital.open()
    small_hospital.vote(round_id, BRAM, STRANGER)
    row = small_hospital.read(lambda session: session.get_one(BallotKey, round_id))
    with pytest.raises(KeyringError):
        BallotKeys.open(round_id, row.month, row.sealed, MemoryKeys())
    keys = BallotKeys.new()
    ballot_box = small_hospital.read(lambda session: session.get_one(BallotBox, round_id))
    with pytest.raises(KeyringError):
        box.open_register(keys, round_id, ballot_box.register)
    with pytest.raises(KeyringError):
        box.open_tally(keys, round_id, ballot_box.tally)


# after a round


def test_after_closing_box_keys_register_and_invitations_are_gone(hospital: Hospital) -> None:
    hospital.employ(ANNA, CHRIS)
    round_id = hospital.open()
    page = f"/nominations/{round_id}"
    coordinator(hospital).post(f"{page}/invite", form=page, addresses=CHRIS.email)
    cross(hospital, [*ONE_WAY, (CHRIS, named(ANNA))], round_id)
    row = hospital.read(lambda session: session.get_one(BallotKey, round_id))
    hospital.close(round_id)
    lines = dump(engine_of(hospital))
    for table in (BOX, "peersupport_ballot_key", "peersupport_round_invitation"):
        assert rows_of(lines, table) == []
    assert row.sealed.hex() not in "\n".join(lines).casefold()
    assert len(rows_of(lines, "peersupport_nominee")) == 2
    assert hospital.result(round_id) == [
        ("Ward 1", "Anna Vos", 4),
        ("Ward 9", "Zwaantje Onbekend", 3),
    ]


def test_the_vault_learns_the_names_at_closing_and_no_voter_at_all(hospital: Hospital) -> None:
    round_id = hospital.open()
    cross(hospital, ONE_WAY, round_id)

    def names() -> set[str]:
        found: set[str] = hospital.read(
            lambda session: {row.person.name for row in session.scalars(sa.select(PersonRecord))}
        )
        return found

    assert names() == set()
    hospital.close(round_id)
    assert names() == {"Anna Vos", "Zwaantje Onbekend"}


def test_a_count_of_one_or_two_is_in_no_dump_after_closing(hospital: Hospital) -> None:
    round_ids = [hospital.open(departments=(name,)) for name in ("Ward 1", "Ward 2")]
    for count, round_id in enumerate(round_ids, 1):
        cross(hospital, [(VOTERS[n], STRANGER) for n in range(count)], round_id)
        cross(hospital, [(VOTERS[n], named(ANNA)) for n in range(count, 6)], round_id)
        hospital.close(round_id)
    counts = hospital.read(lambda session: set(session.scalars(sa.select(Nominee.count))))
    assert counts == {None, 5, 4}


def test_below_five_answers_nothing_but_the_closing_is_in_a_dump(hospital: Hospital) -> None:
    """Whether one person answered or four: the rows are the same but for ids and times."""
    hospital.employ(ANNA)
    for count, department in ((0, "Ward 1"), (4, "Ward 2")):
        round_id = hospital.open(departments=(department,))
        hospital.others_vote(round_id, named(ANNA), count)
        hospital.close(round_id)
    lines = dump(engine_of(hospital))
    assert rows_of(lines, "peersupport_nominee") == []
    assert rows_of(lines, "peersupport_person") == [], "the vault learns no name either"
    counts = hospital.read(
        lambda session: list(session.scalars(sa.select(NominationRound.voter_count)))
    )
    assert counts == [0, 0]


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_sqlite_keeps_no_copy_of_the_keys_on_disk(small_hospital: Hospital, journal: str) -> None:
    engine = engine_of(small_hospital)
    # some builds of SQLite are careful by themselves
    sa.event.listen(
        engine, "connect", lambda raw, record: raw.execute("PRAGMA secure_delete = OFF")
    )
    engine.dispose()
    with closing(sqlite3.connect(engine.url.database or "")) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
    round_id = small_hospital.open()
    sealed = small_hospital.read(lambda session: session.get_one(BallotKey, round_id).sealed)
    assert sealed in raw_bytes(engine)
    cross(small_hospital, ONE_WAY, round_id)
    small_hospital.work(NOW + timedelta(days=20))
    assert small_hospital.result(round_id)
    assert sealed not in raw_bytes(engine)


@pytest.mark.database
def test_postgresql_keeps_no_old_version_of_keys_and_box(hospital: Hospital) -> None:
    engine = engine_of(hospital)
    if engine.dialect.name != "postgresql":
        return
    round_id = hospital.open()
    cross(hospital, ONE_WAY, round_id)
    assert pages_of(engine) > 0
    hospital.work(NOW + timedelta(days=20))
    assert pages_of(engine) == 0, "given back to the disk"


def pages_of(engine: sa.Engine) -> int:
    """Return how many bytes PostgreSQL keeps of keys and boxes, long values too."""
    with engine.connect() as connection:
        size = connection.scalar(
            sa.text(
                "SELECT pg_relation_size('peersupport_ballot_key')"
                " + pg_relation_size('peersupport_ballot_box')"
                " + (SELECT pg_relation_size(reltoastrelid) FROM pg_class"
                "    WHERE oid = 'peersupport_ballot_box'::regclass)"
            )
        )
    assert isinstance(size, int)
    return size


def test_an_old_dump_is_unreadable_once_its_month_is_destroyed(small_hospital: Hospital) -> None:
    round_id = small_hospital.open()
    row = small_hospital.read(lambda session: session.get_one(BallotKey, round_id))
    keys = small_hospital.runtime.keys
    assert BallotKeys.open(round_id, row.month, row.sealed, keys)
    assert isinstance(keys, FileKeys)
    content = json.loads(keys.path.read_text())
    del content["months"][row.month]
    keys.path.write_text(json.dumps(content))
    with pytest.raises(KeyringError):
        BallotKeys.open(round_id, row.month, row.sealed, keys)


# the shape of the tables


def test_no_table_has_room_for_a_vote_or_its_time() -> None:
    tables = {
        name.removeprefix("peersupport_"): sorted(table.columns.keys())
        for name, table in Base.metadata.tables.items()
        if "nomin" in name or "ballot" in name or "_round_" in name
    }
    assert tables == {
        "ballot_box": ["register", "round_id", "tally"],
        "ballot_key": ["month", "round_id", "sealed"],
        "nominee": ["count", "department", "id", "person_id", "round_id"],
        "round_department": ["id", "name", "round_id"],
        "round_invitation": ["id", "person_id", "round_id"],
        "nomination_round": [
            *("closed_at", "closes_on", "due_at", "id", "is_heads_only", "letter", "max_names"),
            *("opened_at", "staff_count", "state", "voter_count"),
        ],
    }


def test_the_key_row_is_not_rewritten_by_a_vote(hospital: Hospital) -> None:
    round_id = hospital.open()
    statements: list[str] = []
    engine = engine_of(hospital)

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "BEGIN", "SHOW")):
            statements.append(statement.split(" SET ")[0])

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        hospital.visitor(BRAM).post(
            f"/nominations/{round_id}/vote", **{LINE.format(0, "name"): STRANGER.name}
        )
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    assert statements == ["UPDATE peersupport_ballot_box"]


def test_the_trail_tells_of_rounds_and_never_of_votes(small_hospital: Hospital) -> None:
    round_id = small_hospital.open()
    page = f"/nominations/{round_id}"
    small_hospital.visitor(BRAM).post(f"{page}/vote", **ballot((STRANGER.name, "")))
    visitor = coordinator(small_hospital)
    visitor.post(f"{page}/vote", **ballot((STRANGER.name, "")))
    small_hospital.others_vote(round_id, STRANGER, 3)
    visitor.post(f"{page}/close", form=page)
    visitor.get(page)
    assert actions(small_hospital) == [
        "nomination.opened",
        "nomination.seen",
        "nomination.closed",
        "nomination.result_seen",
    ]
    assert (
        small_hospital.read(lambda session: session.get_one(NominationRound, round_id).voter_count)
        == 5
    )
