"""The cheapest way to give each of a few colleagues a different supporter. No database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .ranking import UNSERVED


def assign(costs: Sequence[Mapping[str, int]]) -> list[str | None]:
    """Return one choice a row, all different: as many rows served as can be, then the cheapest.

    The Hungarian algorithm, rows added one after the other along the shortest augmenting path.

    Args:
        costs: for each row the possible choices and what each costs, from 0 to UNSERVED.

    Returns:
        the choice of each row; None where it stays without.
    """
    names: list[str | None] = list(dict.fromkeys(name for row in costs for name in sorted(row)))
    names += [None] * len(costs)  # a column for each row that stays without
    out_of_reach = UNSERVED * (len(costs) + 1)
    matrix = [
        [UNSERVED if name is None else row.get(name, out_of_reach) for name in names]
        for row in costs
    ]
    row_price = [0] * len(costs)
    column_price = [0] * len(names)
    row_of: list[int | None] = [None] * len(names)
    for start in range(len(costs)):
        _add_row(start, matrix, row_price, column_price, row_of)
    chosen: list[str | None] = [None] * len(costs)
    for column, row in enumerate(row_of):
        if row is not None:
            chosen[row] = names[column]
    return chosen


def _add_row(
    start: int,
    matrix: list[list[int]],
    row_price: list[int],
    column_price: list[int],
    row_of: list[int | None],
) -> None:
    """Serve row `start` too, moving others to their next best choice where that is cheaper."""
    size = len(row_of)
    slack: list[int | None] = [None] * size
    came_from: list[int | None] = [None] * size
    done = [False] * size
    column: int | None = None
    row: int | None = start
    while row is not None:
        best: int | None = None
        for other in range(size):
            if done[other]:
                continue
            reduced = matrix[row][other] - row_price[row] - column_price[other]
            known = slack[other]
            if known is None or reduced < known:
                slack[other] = known = reduced
                came_from[other] = column
            if best is None or known < _known(slack[best]):
                best = other
        assert best is not None  # there are more columns than rows
        step = _known(slack[best])
        row_price[start] += step
        for other in range(size):
            held_by = row_of[other]
            if done[other] and held_by is not None:
                row_price[held_by] += step
                column_price[other] -= step
            elif not done[other]:
                slack[other] = _known(slack[other]) - step
        done[best] = True
        column, row = best, row_of[best]
    while column is not None:
        before = came_from[column]
        row_of[column] = start if before is None else row_of[before]
        column = before


def _known(value: int | None) -> int:
    assert value is not None
    return value
