"""The soft ranking: like with like, and deployments spread fairly (P9, P11). No database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .criteria import Facts
from .need import Need

_NEVER = datetime.min.replace(tzinfo=UTC)
#: Bits a part of the score takes in `Score.cost`; sums over a group never reach the next part.
_BITS = 80


@dataclass(frozen=True, slots=True)
class Score:
    """How well a supporter fits, part by part, in the order of their weight."""

    is_same_profession: bool
    deployments: int
    is_same_discipline: bool
    is_same_seniority: bool
    last_deployed_at: datetime | None
    supporter_id: str

    @property
    def key(self) -> tuple[bool, int, bool, bool, datetime, str]:
        """What to sort by: the best comes first, and no two are equal."""
        return (
            not self.is_same_profession,
            self.deployments,
            not self.is_same_discipline,
            not self.is_same_seniority,
            self.last_deployed_at or _NEVER,
            self.supporter_id,
        )

    @property
    def cost(self) -> int:
        """The parts as one number, so that a group's scores can be added and compared."""
        *parts, last, _ = self.key
        cost = 0
        for part in (*parts, (last - _NEVER) // timedelta(microseconds=1)):
            cost = (cost << _BITS) + int(part)
        return cost


#: More than any sum of scores: what it costs to leave a colleague without a supporter.
UNSERVED = 1 << (6 * _BITS)


def score(need: Need, facts: Facts) -> Score:
    """Return how well a supporter fits a need."""
    return Score(
        is_same_profession=_is_same(need.profession, facts.profession),
        deployments=facts.deployments,
        is_same_discipline=_is_same(need.discipline, facts.discipline),
        is_same_seniority=_is_same(need.seniority, facts.seniority),
        last_deployed_at=facts.last_deployed_at,
        supporter_id=facts.id,
    )


def _is_same(wanted: str | None, given: str | None) -> bool:
    return bool(wanted) and wanted == given
