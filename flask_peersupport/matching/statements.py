"""The hard rules and the ranking in SQL: statements built once, for each dialect and shape.

All work on counts that are stored with the supporter. What only the keyring can tell, whether a
declaration is a conflict, comes along with the rows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from ..supporters.availability import NEVER
from ..supporters.models import Declaration, Supporter, SupporterDepartment, SupporterPeriod
from ..supporters.states import SupporterState
from . import criteria
from .criteria import RULES, Limits, Rule
from .need import Need

# Core tables rather than mapped classes: no entity is made, and the rows are plain.
S = sa.inspect(Supporter).local_table
D = sa.inspect(SupporterDepartment).local_table
C = sa.inspect(Declaration).local_table
P = sa.inspect(SupporterPeriod).local_table

#: The columns of `Facts`, in its order.
FACTS = [
    S.c.id,
    S.c.person_id,
    S.c.state,
    S.c.profession,
    S.c.discipline,
    S.c.seniority,
    S.c.is_external,
    S.c.has_account,
    S.c.is_asked_at_night,
    S.c.week,
    S.c.paused_until_on,
    S.c.max_open,
    S.c.open_count,
    S.c.asked_count,
    S.c.max_per_quarter,
    S.c.quarter_count,
    S.c.quarter,
    S.c.last_deployed_at,
    S.c.deployments,
]
#: What stands for the hours of a period in which a supporter is away.
AWAY = ""
#: What follows FACTS and the hours of today's period in the rows of `ranked` and `best`: a
#: department, a declaration.
EXTRA = [D.c.name, D.c.resolved, C.c.id, C.c.month, C.c.sealed_reason]

ELIGIBLE = len(RULES)

_Bool = sa.ColumnElement[bool]


class Shape(NamedTuple):
    """What makes one statement differ from another; the rest are parameters."""

    dialect: str
    is_outside: bool
    is_night: bool
    has_hour: bool
    with_account_only: bool


def shape_of(dialect: str, need: Need, *, with_account_only: bool) -> Shape:
    """Return the shape of the statements for a need."""
    has_hour = need.hour_of_week is not None
    return Shape(dialect, need.is_outside, need.is_night, has_hour, with_account_only)


def parameters(dialect: str, need: Need, limits: Limits, **more: object) -> dict[str, Any]:
    """Return the parameters of every statement here."""
    return {
        "own": _as_list(dialect, need.own_departments),
        "has_own": bool(need.own_departments),
        "people": _as_list(dialect, need.excluded_people),
        "supporters": _as_list(dialect, need.excluded_supporters),
        "marks": _as_list(dialect, need.marks),
        "profession": need.profession or "",
        "discipline": need.discipline or "",
        "seniority": need.seniority or "",
        "today": date.fromisoformat(need.today_on),
        "quarter": need.quarter,
        "sign": (need.hour_of_week or 0) + 1,  # SQL counts from one
        "max_open": limits.max_open,
        "rested_since": criteria.rested_since(need, limits),
        "has_cool_down": bool(limits.cool_down),
        **more,
    }


def _as_list(dialect: str, values: Collection[str]) -> list[str] | str:
    return json.dumps(list(values)) if dialect == "sqlite" else list(values)


def _among(column: sa.ColumnElement[Any], name: str, dialect: str) -> _Bool:
    """Return whether `column` is in the list parameter `name`.

    One parameter whatever the length where the database can take it, so that the statement
    stays the same and is prepared once.
    """
    if dialect == "postgresql":
        wanted = sa.bindparam(name, type_=sa.ARRAY(sa.String))
        return column == sa.any_(wanted)
    if dialect == "sqlite":
        each = sa.func.json_each(sa.bindparam(name, type_=sa.String)).table_valued("value")
        return column.in_(sa.select(each.c.value))
    return column.in_(sa.bindparam(name, expanding=True))


def _in_state(state: SupporterState) -> _Bool:
    # a literal, so that the planner knows how rare it is
    return S.c.state == sa.literal_column(f"'{state.value}'")


def _literal(number: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(number), sa.Integer())


def _lowest(case: sa.ColumnElement[int]) -> sa.ColumnElement[int | None]:
    """Return the lowest value of `case` over the supporter's departments; NULL: has none."""
    lowest = sa.select(sa.func.min(case)).where(D.c.supporter_id == S.c.id)
    return lowest.correlate(S).scalar_subquery()


def _departments_fit(shape: Shape) -> _Bool:
    """Both rules on departments at once: one look at the supporter's rows.

    Not "= 1": PostgreSQL takes that for rare, and would read and sort all supporters.
    """
    is_own = _among(D.c.resolved, "own", shape.dialect)
    if shape.is_outside:
        own_first = sa.case((is_own, _literal(0)), else_=_literal(1))
        return sa.func.coalesce(_lowest(own_first), _literal(1)) != _literal(0)
    # NULL is neither in the list nor out of it, so an unknown department falls to "else"
    return _lowest(sa.case((sa.not_(is_own), _literal(1)), else_=_literal(0))) != _literal(0)


def _today() -> sa.BindParameter[date]:
    return sa.bindparam("today", type_=sa.Date)


def _may_have_period(source: sa.FromClause) -> _Bool:
    """Tell without a look at the periods who has none today; true or false, never NULL."""
    until = source.c.periods_until_on
    return until.is_not(None) & (until >= _today())


def _of_today(column: sa.ColumnElement[Any], source: sa.FromClause) -> sa.Select[Any]:
    """Select from the period of today, of which there is one at most."""
    today = (P.c.first_on <= _today()) & (P.c.last_on >= _today())
    return sa.select(column).where(P.c.supporter_id == source.c.id, today).correlate(source)


def period_today(source: sa.FromClause) -> sa.ColumnElement[str | None]:
    """Return the hours of today's period, AWAY where away; NULL: the usual week holds."""
    hours = _of_today(sa.func.min(sa.func.coalesce(P.c.week, AWAY)), source).scalar_subquery()
    return sa.case((_may_have_period(source), hours), else_=sa.null())


def _is_open(week: sa.ColumnElement[str | None]) -> _Bool:
    sign = sa.func.substr(week, sa.bindparam("sign", type_=sa.Integer), _literal(1))
    return sign != sa.literal_column(f"'{NEVER}'")


def _keeps_hours() -> _Bool:
    """Absence and hours at once: one look at the periods, and only where there may be any."""
    usual = sa.case((S.c.week.is_(None) | _is_open(S.c.week), _literal(1)), else_=_literal(0))
    is_open = P.c.week.is_not(None) & _is_open(P.c.week)
    special = sa.func.min(sa.case((is_open, _literal(1)), else_=_literal(0)))
    today = sa.func.coalesce(_of_today(special, S).scalar_subquery(), usual)
    # not "= 1", as with the departments
    return sa.case((_may_have_period(S), today), else_=usual) != _literal(0)


def _rules(shape: Shape) -> dict[Rule, sa.ColumnElement[Any]]:
    """Return the rules of `criteria` in SQL, but for conflicts; true or false, never NULL."""
    s, dialect = S.c, shape.dialect
    is_unknown = sa.case((D.c.resolved.is_(None), _literal(0)), else_=_literal(1))
    is_own = _among(D.c.resolved, "own", dialect)
    limit = sa.func.coalesce(s.max_open, sa.bindparam("max_open", type_=sa.Integer))
    is_this_quarter = s.quarter == sa.bindparam("quarter")
    used_this_quarter = sa.case((is_this_quarter, s.quarter_count), else_=_literal(0))
    rules: dict[Rule, sa.ColumnElement[Any]] = {
        criteria.is_appointed: _in_state(SupporterState.APPOINTED)
        | _in_state(SupporterState.PAUSED),
        criteria.is_active: _in_state(SupporterState.APPOINTED)
        & (s.paused_until_on.is_(None) | (s.paused_until_on < sa.bindparam("today"))),
        criteria.comes_from_where_wished: s.is_external == sa.literal(shape.is_outside),
        criteria.is_no_excluded_person: sa.not_(_among(s.person_id, "people", dialect)),
        criteria.is_no_excluded_supporter: sa.not_(_among(s.id, "supporters", dialect)),
        criteria.is_below_limit: s.open_count + s.asked_count < limit,
        criteria.is_below_quarter_limit: s.max_per_quarter.is_(None)
        | (used_this_quarter < s.max_per_quarter),
        criteria.is_rested: (
            s.last_deployed_at.is_(None) | (s.last_deployed_at <= sa.bindparam("rested_since"))
        )
        & (
            (s.asked_count == _literal(0))
            | (sa.bindparam("has_cool_down", type_=sa.Boolean) == sa.false())
        ),
    }
    if not shape.is_outside:
        known = sa.func.coalesce(_lowest(is_unknown), _literal(0)) == _literal(1)
        has_own = sa.bindparam("has_own", type_=sa.Boolean) == sa.true()
        rules[criteria.has_known_department] = known & has_own
    own_first = sa.case((is_own, _literal(0)), else_=_literal(1))
    rules[criteria.is_from_other_department] = sa.func.coalesce(
        _lowest(own_first), _literal(1)
    ) == _literal(1)
    is_away = _of_today(P.c.id, S).where(P.c.week.is_(None)).exists()
    rules[criteria.is_present] = sa.not_(_may_have_period(S) & is_away)
    if shape.has_hour:
        rules[criteria.keeps_hours] = _keeps_hours()
    if shape.is_night:
        has_chosen = _of_today(P.c.id, S).where(P.c.week.is_not(None)).exists()
        rules[criteria.is_reachable] = (s.is_asked_at_night == sa.true()) | (
            _may_have_period(S) & has_chosen
        )
    return rules


def _all_rules(shape: Shape) -> list[sa.ColumnElement[Any]]:
    """Return all hard rules in the cheapest form: what stops an index scan early comes first."""
    rules = _rules(shape)
    del rules[criteria.is_appointed]  # who is active is appointed
    if shape.has_hour:
        del rules[criteria.is_present]  # who keeps hours is present
    rules.pop(criteria.has_known_department, None)
    del rules[criteria.is_from_other_department]
    by_mail = [_is_asked_by_mail()] if shape.with_account_only else []
    return [*rules.values(), *by_mail, _departments_fit(shape)]


def _is_asked_by_mail() -> _Bool:
    """Return `Supporter.is_asked_by_mail` in SQL: an account, or from outside with a code (P31)."""
    is_let_in = (S.c.has_code == sa.true()) & (S.c.is_external == sa.true())
    return (S.c.has_account == sa.true()) | is_let_in


def _longest_ago(column: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    """Order by the last deployment, never first: NULLs come first by themselves but there."""
    return column.nulls_first() if dialect == "postgresql" else column.asc()


def _with_extra(shape: Shape, source: sa.FromClause) -> sa.FromClause:
    """Join departments and declarations on the colleague; each makes its own rows."""
    fits = (C.c.supporter_id == source.c.id) & _among(C.c.mark, "marks", shape.dialect)
    return source.outerjoin(D, D.c.supporter_id == source.c.id).outerjoin(C, fits)


@cache
def ranked(shape: Shape) -> sa.Select[Any]:
    """Return the best `count` supporters who break no hard rule that SQL can tell, best first."""
    parts = {
        name: sa.case((S.c[name] == sa.bindparam(name), _literal(0)), else_=_literal(1))
        for name in ("profession", "discipline", "seniority")
    }
    order = [
        parts["profession"],
        S.c.deployments,
        parts["discipline"],
        parts["seniority"],
        _longest_ago(S.c.last_deployed_at, shape.dialect),
        S.c.id,
    ]
    top = (
        sa.select(
            *FACTS,
            S.c.periods_until_on,
            *(part.label(f"other_{name}") for name, part in parts.items()),
        )
        .where(*_all_rules(shape))
        .order_by(*order)
        .limit(sa.bindparam("count", type_=sa.Integer))
        .subquery("top")
    )
    facts = [top.c[column.name] for column in FACTS]
    return (
        sa.select(*facts, period_today(top), *EXTRA)
        .select_from(_with_extra(shape, top))
        .order_by(
            top.c.other_profession,
            top.c.deployments,
            top.c.other_discipline,
            top.c.other_seniority,
            _longest_ago(top.c.last_deployed_at, shape.dialect),
            top.c.id,
        )
    )


@cache
def best(shape: Shape) -> sa.Select[Any]:
    """Return the first of `ranked` among those of the same profession, without sorting them all.

    The index gives the fewest deployments among the eligible; then at that level those of the
    same discipline and seniority are tried, of the same discipline, of the same seniority, all.
    """
    columns = (S.c.id, S.c.deployments, S.c.discipline, S.c.seniority, S.c.last_deployed_at)
    is_same = S.c.profession == sa.bindparam("profession")
    eligible = sa.select(*columns).where(is_same, *_all_rules(shape)).cte("eligible")
    if shape.dialect != "mysql":
        eligible = eligible.prefix_with("NOT MATERIALIZED")
    fewest = (
        sa.select(eligible.c.deployments.label("count"))
        .order_by(eligible.c.deployments)
        .limit(_literal(1))
        .cte("fewest")
    )
    level = sa.select(fewest.c.count).scalar_subquery()

    def first(*same: str) -> sa.ColumnElement[str | None]:
        one = eligible.alias()
        longest_ago = _longest_ago(one.c.last_deployed_at, shape.dialect)
        return (
            sa.select(one.c.id)
            .where(one.c.deployments == level, *(one.c[n] == sa.bindparam(n) for n in same))
            .order_by(longest_ago, one.c.id)
            .limit(_literal(1))
            .scalar_subquery()
        )

    chosen = sa.func.coalesce(
        first("discipline", "seniority"), first("discipline"), first("seniority"), first()
    )
    columns_of_one = (*FACTS, period_today(S), *EXTRA)
    return sa.select(*columns_of_one).select_from(_with_extra(shape, S)).where(S.c.id == chosen)


@cache
def tally(shape: Shape) -> sa.Select[Any]:
    """Count supporters by the place in RULES of the first rule broken, ELIGIBLE for none.

    Those with a declaration on the colleague come one row a declaration.
    """
    rules = _rules(shape)
    broken = [
        (sa.not_(rules[rule]), _literal(place))
        for place, (_, rule) in enumerate(RULES)
        if rule in rules
    ]
    place = sa.case(*broken, else_=_literal(ELIGIBLE)).label("place")
    judged = sa.select(S.c.id, place).subquery("judged")
    fits = (C.c.supporter_id == judged.c.id) & _among(C.c.mark, "marks", shape.dialect)
    groups = (judged.c.place, C.c.supporter_id, C.c.id, C.c.month, C.c.sealed_reason)
    return (
        sa.select(*groups, sa.func.count()).select_from(judged.outerjoin(C, fits)).group_by(*groups)
    )


@cache
def one_supporter() -> sa.Select[Any]:
    """Return the facts of one supporter, whose row is locked until the transaction ends."""
    return (
        sa.select(*FACTS, S.c.periods_until_on)
        .where(S.c.id == sa.bindparam("id"))
        .with_for_update()
    )


@cache
def periods_of_one() -> sa.Select[Any]:
    """Return one supporter's periods as they are now that are not over on `since`."""
    return (
        sa.select(P.c.first_on, P.c.last_on, P.c.week)
        .where(P.c.supporter_id == sa.bindparam("id"), P.c.last_on >= sa.bindparam("since"))
        .with_for_update(read=True)
    )


@cache
def departments_of_one() -> sa.Select[Any]:
    """Return one supporter's departments as they are now, not as the transaction began."""
    return (
        sa.select(D.c.name).where(D.c.supporter_id == sa.bindparam("id")).with_for_update(read=True)
    )


@cache
def declarations_of_one(dialect: str) -> sa.Select[Any]:
    """Return one supporter's declarations on the colleague as they are now."""
    return (
        sa.select(C.c.id, C.c.month, C.c.sealed_reason)
        .where(C.c.supporter_id == sa.bindparam("id"), _among(C.c.mark, "marks", dialect))
        .with_for_update(read=True)
    )


def marks_of(dialect: str, marks: Collection[str]) -> Mapping[str, Any]:
    """Return the parameter of `declarations_of_one`."""
    return {"marks": _as_list(dialect, marks)}
