"""Where no supporter can be found from elsewhere, and where one more would help most.

A cell is a department and a profession. Its supporters from elsewhere are those of that profession
(P9) none of whose departments is the cell's own: the department, those above and those below (P8).
What counts is who could be asked at all (appointed, active, from within the hospital, all
departments known); limits and rest pass, so they do not count. No database in here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: As few as this from elsewhere are thin: who says no leaves nobody.
THIN = 1


@dataclass(frozen=True, slots=True)
class Place:
    """A department.

    Attributes:
        name: as it is shown.
        key: the name that stands for it in the sets of others.
        own: the names of the department, of those above and of those below it, as P8 resolves it.
    """

    name: str
    key: str
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class Available:
    """A supporter who could be asked: profession, and the keys of all departments."""

    profession: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Covered:
    """A department's supporters by profession: from elsewhere, and own, who may never be asked."""

    place: Place
    elsewhere: Mapping[str, int]
    own: Mapping[str, int]

    @property
    def gaps(self) -> int:
        """Professions for which nobody is left."""
        return sum(not count for count in self.elsewhere.values())

    @property
    def thin(self) -> int:
        """Professions for which one is left."""
        return sum(0 < count <= THIN for count in self.elsewhere.values())


@dataclass(frozen=True, slots=True)
class Gain:
    """What one more supporter of a profession in a department would do.

    Attributes:
        place: the department in which they would work, and in no other.
        profession: theirs.
        gaps: cells that have nobody from elsewhere, and would have one.
        thin: cells that have one, and would have two.
        own: supporters whom the department has already, of any profession.
    """

    place: Place
    profession: str
    gaps: int
    thin: int
    own: int


def cover(
    places: Sequence[Place], supporters: Iterable[Available], professions: Sequence[str]
) -> list[Covered]:
    """Return the supporters of every department, those with the most gaps first.

    Args:
        places: the departments.
        supporters: who could be asked; those of another profession than `professions` count for
            nobody.
        professions: codes.
    """
    totals: Counter[str] = Counter()
    working: dict[str, set[int]] = defaultdict(set)
    profession_of: dict[int, str] = {}
    for number, supporter in enumerate(supporters):
        if supporter.profession not in professions:
            continue
        totals[supporter.profession] += 1
        profession_of[number] = supporter.profession
        for key in supporter.keys:
            working[key].add(number)
    found = []
    for place in places:
        own_ones: set[int] = set().union(*(working[key] for key in place.own if key in working))
        own = Counter(profession_of[number] for number in own_ones)
        found.append(
            Covered(
                place,
                {code: totals[code] - own[code] for code in professions},
                {code: own[code] for code in professions},
            )
        )
    return sorted(found, key=_worst_first)


def _worst_first(row: Covered) -> tuple[int, int, int, str]:
    return -row.gaps, -row.thin, sum(row.elsewhere.values()), row.place.name.casefold()


def gains(covered: Sequence[Covered], professions: Sequence[str]) -> list[Gain]:
    """Return where one more supporter would help, the best first.

    The gain of a department and a profession is what that supporter changes: first the number of
    gaps that get their first supporter from elsewhere, then the number of thin cells that get
    their second. They help every department but those related to their own. Where two are alike,
    the department with fewer supporters of its own comes first: one or two a department (P24).

    Args:
        covered: as `cover` returned it.
        professions: codes.

    Returns:
        none where nothing would change.
    """
    found = []
    for code in professions:
        gaps = _Lacking(row for row in covered if not row.elsewhere[code])
        thin = _Lacking(row for row in covered if 0 < row.elsewhere[code] <= THIN)
        for row in covered:
            filled, relieved = gaps.helped_from(row.place), thin.helped_from(row.place)
            if filled or relieved:
                own = sum(row.own.values())
                found.append(Gain(row.place, code, filled, relieved, own))
    order = {code: place for place, code in enumerate(professions)}
    return sorted(
        found,
        key=lambda gain: (
            -gain.gaps,
            -gain.thin,
            gain.own,
            order[gain.profession],
            gain.place.name.casefold(),
        ),
    )


class _Lacking:
    """The departments that lack somebody, and how many of them are a given department's own."""

    def __init__(self, rows: Iterable[Covered]) -> None:
        self._count = 0
        self._related: Counter[str] = Counter()
        for row in rows:
            self._count += 1
            self._related.update(row.place.own)

    def helped_from(self, place: Place) -> int:
        """Return how many of them a supporter who works in `place` could be asked for."""
        return self._count - self._related[place.key]


@dataclass(frozen=True, slots=True)
class Advice:
    """Departments in which a supporter of one profession would do the same."""

    profession: str
    gaps: int
    thin: int
    places: tuple[Place, ...]


def advice(found: Iterable[Gain], most: int) -> list[Advice]:
    """Return the first `most` kinds of gain, each with its departments, in the order of `gains`."""
    together: dict[tuple[str, int, int], list[Place]] = {}
    for gain in found:
        together.setdefault((gain.profession, gain.gaps, gain.thin), []).append(gain.place)
    return [Advice(*key, tuple(places)) for key, places in list(together.items())[:most]]
