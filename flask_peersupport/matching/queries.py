"""Finding supporters: the ranked candidates, the proposal, the check before accepting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.departments import present_departments
from ..ports import Departments
from ..runtime import current_runtime
from ..supporters.availability import Period
from ..supporters.declarations import is_conflict
from ..supporters.models import Supporter
from ..values import Verdict
from . import statements
from .assignment import assign
from .criteria import RULES, Facts, Limits, check, has_no_conflict, verdict
from .departments import canonical
from .explanation import explain
from .need import Need
from .ranking import Score, score

#: How many candidates are read first, where the very best one will not do.
_FIRST_PAGE = 8
_FACTS = len(statements.FACTS)
_CODES = tuple(dict.fromkeys([*(code for code, _ in RULES), "ok"]))
_CONFLICT = next(place for place, (_, rule) in enumerate(RULES) if rule is has_no_conflict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A supporter who breaks no hard rule, as stored; and their departments as given."""

    facts: Facts
    department_names: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """The supporter to ask for a need, and why (P13)."""

    supporter_id: str
    person_id: str
    score: Score
    need: Need = field(repr=False)
    _count: Callable[[], dict[str, int]] = field(repr=False, compare=False)
    #: Whether they supported this very colleague before.
    is_known: bool = False

    @cached_property
    def explanation(self) -> dict[str, Any]:
        """Why this one and how many others were ruled out by which rule; counted when read."""
        return explain(self.need, self.score, self._count(), is_known=self.is_known)


# a text to the canonical names of that department, as the list is now
_Resolver = Callable[[str], frozenset[str]]
# a supporter's departments, each with its stored name, to what `Facts` holds
_Departments = Callable[[Mapping[str, str | None]], frozenset[str | None]]


def candidates(
    session: orm.Session,
    need: Need,
    limits: Limits,
    *,
    limit: int,
    with_account_only: bool = True,
) -> list[Candidate]:
    """Return at most `limit` supporters who may be asked, best first, in one query.

    Departments count as they are stored; `propose` resolves them again.

    Args:
        session: read only.
        need: of which colleague.
        limits: of the settings.
        limit: how many.
        with_account_only: leave out who can only be asked by telephone.
    """
    found = _ranked(_connect(session), need, limits, limit, with_account_only, _as_stored)
    return [candidate for candidate in found if not candidate.facts.has_conflict]


def propose(
    session: orm.Session,
    need: Need,
    limits: Limits,
    departments: Departments,
    *,
    with_account_only: bool = True,
) -> Proposal | None:
    """Return the best supporter whom every hard rule allows, checked with today's departments.

    Args:
        session: read only.
        need: of which colleague.
        limits: of the settings.
        departments: the adapter; the list may have changed since a supporter's was stored.
        with_account_only: leave out who can only be asked by telephone.

    Returns:
        None where there is nobody.
    """
    found = _passing(session, need, limits, _resolver(session, departments), with_account_only)
    facts = next(found, None)
    return None if facts is None else _proposal(session, need, limits, facts)


def propose_together(
    session: orm.Session,
    needs: Sequence[Need],
    limits: Limits,
    departments: Departments,
) -> list[Proposal | None]:
    """Return a different supporter for each colleague of one report (P10).

    As many as possible are served; among those ways, the ranking's parts summed over all
    colleagues decide, in the ranking's order.

    Args:
        session: read only.
        needs: of the colleagues.
        limits: of the settings.
        departments: the adapter.

    Returns:
        one proposal a need, None where there is nobody.
    """
    if len(needs) == 1:
        return [propose(session, needs[0], limits, departments)]
    resolver = _resolver(session, departments)
    choices: list[dict[str, Facts]] = []
    for need in needs:
        # one of the best as many as there are needs is always free, so no more are looked at
        found = _passing(session, need, limits, resolver, True, len(needs))
        choices.append({facts.id: facts for facts, _ in zip(found, needs, strict=False)})
    costs = [
        {key: score(need, facts).cost for key, facts in row.items()}
        for need, row in zip(needs, choices, strict=True)
    ]
    chosen = assign(costs)
    return [
        None if key is None else _proposal(session, need, limits, row[key])
        for need, row, key in zip(needs, choices, chosen, strict=True)
    ]


def ruled_out(session: orm.Session, need: Need, limits: Limits) -> dict[str, int]:
    """Return how many supporters may not be asked, by the code of the first rule broken."""
    counts = _tally(session, need, limits)
    counts.pop("ok", None)
    return counts


def is_eligible(
    session: orm.Session,
    need: Need,
    limits: Limits,
    departments: Departments,
    supporter_id: str,
) -> Verdict:
    """Decide on one supporter, whose row stays locked until the transaction ends.

    For the accepting transaction: nothing that counts can change between this and the commit.
    The caller leaves the request being answered out of `asked_count` and of the need.
    """
    return _judge(session, need, limits, departments, supporter_id)[0]


def propose_known(
    session: orm.Session,
    need: Need,
    limits: Limits,
    departments: Departments,
    supporter_id: str,
) -> Proposal | None:
    """Return the proposal of a supporter whom the colleague knows; their row stays locked.

    Returns:
        None where a hard rule forbids it.
    """
    found, facts = _judge(session, need, limits, departments, supporter_id)
    if not found.ok or facts is None:
        return None
    return _proposal(session, need, limits, facts, is_known=True)


def _judge(
    session: orm.Session,
    need: Need,
    limits: Limits,
    departments: Departments,
    supporter_id: str,
) -> tuple[Verdict, Facts | None]:
    """Decide on one supporter, locked; return what was known of them too."""
    connection = _connect(session)
    one = {"id": supporter_id}
    row = connection.execute(statements.one_supporter(), one).first()
    if row is None:
        return verdict("not_appointed"), None
    names = connection.execute(statements.departments_of_one(), one).scalars()
    resolver = _resolver(session, departments)
    periods = _periods(connection, one, need, row[_FACTS])
    facts = _facts(row[:_FACTS], _afresh(resolver, list(names)), periods=periods)
    facts = replace(facts, has_conflict=has_conflict(session, need.marks, supporter_id))
    return check(need, facts, limits), facts


def has_conflict(session: orm.Session, marks: Sequence[str], supporter_id: str) -> bool:
    """Return whether a supporter declared a conflict found by one of the marks of a need (P10)."""
    if not marks:
        return False
    connection = _connect(session)
    dialect = connection.dialect.name
    said = {"id": supporter_id, **statements.marks_of(dialect, marks)}
    rows = connection.execute(statements.declarations_of_one(dialect), said).all()
    return any(_is_conflict(*found) for found in rows)


def _periods(
    connection: sa.Connection, one: Mapping[str, str], need: Need, last_on: date | None
) -> tuple[Period, ...]:
    """Return one supporter's periods from the first day of the need on; mostly there are none."""
    days = [need.today_on, *([need.asked.today_on] if need.asked else [])]
    since = date.fromisoformat(min(days))
    if last_on is None or last_on < since:
        return ()
    rows = connection.execute(statements.periods_of_one(), {**one, "since": since})
    return tuple(Period(*row) for row in rows)


def _connect(session: orm.Session) -> sa.Connection:
    """Return the session's connection to our tables, its changes flushed as for any query."""
    if session.autoflush:
        session.flush()
    return session.connection(bind_arguments={"mapper": Supporter.__mapper__})


def _proposal(
    session: orm.Session, need: Need, limits: Limits, facts: Facts, *, is_known: bool = False
) -> Proposal:
    return Proposal(
        supporter_id=facts.id,
        person_id=facts.person_id,
        score=score(need, facts),
        need=need,
        _count=lambda: _tally(session, need, limits),
        is_known=is_known,
    )


def _passing(
    session: orm.Session,
    need: Need,
    limits: Limits,
    resolver: _Resolver,
    with_account_only: bool,
    wanted: int = 1,
) -> Iterator[Facts]:
    """Yield those who pass every rule with their departments resolved afresh, best first."""

    def today(stored: Mapping[str, str | None]) -> frozenset[str | None]:
        return _afresh(resolver, stored)

    connection = _connect(session)
    seen = set()
    for page in _pages(connection, need, limits, with_account_only, wanted, today):
        for candidate in page:
            facts = candidate.facts
            if facts.id not in seen and check(need, facts, limits).ok:
                yield facts
            seen.add(facts.id)


def _pages(
    connection: sa.Connection,
    need: Need,
    limits: Limits,
    with_account_only: bool,
    wanted: int,
    departments: _Departments,
) -> Iterator[list[Candidate]]:
    """Yield longer and longer lists of candidates; where one is wanted, the best one first."""
    if not (need.own_departments or need.is_outside):
        return  # unknown department: nobody from inside may be asked
    if wanted == 1 and need.profession:
        yield _best(connection, need, limits, with_account_only, departments)
    count = max(_FIRST_PAGE, 2 * wanted)
    while True:
        page = _ranked(connection, need, limits, count, with_account_only, departments)
        yield page
        if len(page) < count:
            return
        count *= _FIRST_PAGE


def _best(
    connection: sa.Connection,
    need: Need,
    limits: Limits,
    with_account_only: bool,
    departments: _Departments,
) -> list[Candidate]:
    dialect = connection.dialect.name
    shape = statements.shape_of(dialect, need, with_account_only=with_account_only)
    wanted = statements.parameters(dialect, need, limits)
    rows = connection.execute(statements.best(shape), wanted).all()
    return _read(rows, departments, date.fromisoformat(need.today_on))


def _ranked(
    connection: sa.Connection,
    need: Need,
    limits: Limits,
    count: int,
    with_account_only: bool,
    departments: _Departments,
) -> list[Candidate]:
    if not (need.own_departments or need.is_outside):
        return []
    dialect = connection.dialect.name
    shape = statements.shape_of(dialect, need, with_account_only=with_account_only)
    wanted = statements.parameters(dialect, need, limits, count=count)
    rows = connection.execute(statements.ranked(shape), wanted).all()
    return _read(rows, departments, date.fromisoformat(need.today_on))


def _read(rows: Sequence[sa.Row[Any]], departments: _Departments, today: date) -> list[Candidate]:
    """Make one candidate of the rows that the joins made of one supporter."""
    by_id: dict[str, list[sa.Row[Any]]] = {}
    for row in rows:
        by_id.setdefault(row[0], []).append(row)
    return [_candidate(of_one, departments, today) for of_one in by_id.values()]


def _candidate(rows: list[sa.Row[Any]], departments: _Departments, today: date) -> Candidate:
    stored: dict[str, str | None] = {}
    declarations = set()
    for row in rows:
        name, resolved, *declaration = row[_FACTS + 1 :]
        if name is not None:
            stored[name] = resolved
        if declaration[0] is not None:
            declarations.add(tuple(declaration))
    has_conflict = any(_is_conflict(*declaration) for declaration in declarations)
    hours: str | None = rows[0][_FACTS]
    periods = () if hours is None else (Period(today, today, hours or None),)
    facts = _facts(rows[0][:_FACTS], departments(stored), has_conflict, periods)
    return Candidate(facts, tuple(stored))


def _facts(
    columns: Sequence[Any],
    departments: frozenset[str | None],
    has_conflict: bool = False,
    periods: tuple[Period, ...] = (),
) -> Facts:
    return Facts(*[*columns, departments, has_conflict, periods])


def _is_conflict(declaration_id: str, month: str, sealed: bytes) -> bool:
    return is_conflict(current_runtime().keys, declaration_id, month, sealed)


def _resolver(session: orm.Session, departments: Departments) -> _Resolver:
    """Return what resolves a department's name as the list is now, each name once.

    The programme's own list is read in one query, and only when a name is asked for.
    """
    listed: list[Departments] = []

    @cache
    def resolve(text: str) -> frozenset[str]:
        if not listed:
            listed.append(present_departments(session, departments))
        return canonical(listed[0], text)

    return resolve


def _as_stored(stored: Mapping[str, str | None]) -> frozenset[str | None]:
    return frozenset(stored.values())


def _afresh(resolver: _Resolver, names: Iterable[str]) -> frozenset[str | None]:
    """Return what departments are called now; None among them where one is unknown."""
    found: set[str | None] = set()
    for name in names:
        found |= resolver(name) or {None}
    return frozenset(found)


def _tally(session: orm.Session, need: Need, limits: Limits) -> dict[str, int]:
    """Count all supporters by the code of the first rule broken, "ok" for none; one query."""
    connection = _connect(session)
    dialect = connection.dialect.name
    shape = statements.shape_of(dialect, need, with_account_only=False)
    wanted = statements.parameters(dialect, need, limits)
    places: Counter[int] = Counter()
    place_of: dict[str, int] = {}
    for place, supporter_id, *declaration, count in connection.execute(
        statements.tally(shape), wanted
    ):
        if supporter_id is None:
            places[place] += count
        elif place > _CONFLICT and _is_conflict(*declaration):
            place_of[supporter_id] = _CONFLICT
        else:
            place_of.setdefault(supporter_id, place)
    places.update(place_of.values())
    counts: Counter[str] = Counter()
    for place, count in places.items():
        counts["ok" if place == statements.ELIGIBLE else RULES[place][0]] += count
    # by the first rule of a code: where a conflict stands among the rules must not show
    return {code: counts[code] for code in _CODES if code in counts}
