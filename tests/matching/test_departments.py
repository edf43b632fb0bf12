"""Own departments, told by sets of names."""

from __future__ import annotations

from flask_peersupport.matching.departments import canonical, names_in, own_departments
from tests.matching.worlds import UNKNOWN, Hospital

TREE = Hospital(
    {0: "Division", 1: "Cardiology", 2: "Neurology", 3: "Ward 4"},
    {0: None, 1: 0, 2: 0, 3: 1},
    {"CAR": 1},
)


class WithAliases:
    """An adapter whose sets hold the text it was asked for, too."""

    def resolve(self, text: str) -> frozenset[str] | None:
        found = TREE.resolve(text)
        return found and found | {text}


def test_names_in_are_separated_by_semicolons() -> None:
    assert names_in(" Cardiology ;; CAR;") == ["Cardiology", "CAR"]
    assert names_in(None) == names_in(" ; ") == []


def test_canonical_is_the_department_itself() -> None:
    assert canonical(TREE, "Neurology") == {"Neurology"}
    assert canonical(TREE, "CAR") == canonical(TREE, "Cardiology") == {"Cardiology", "Ward 4"}
    assert canonical(TREE, UNKNOWN) == frozenset()


def test_canonical_sees_through_an_alias_in_the_set() -> None:
    assert "Cardiology" in canonical(WithAliases(), "CAR")


def test_own_departments_are_all_names_of_all_texts() -> None:
    assert own_departments(TREE, ["Ward 4; Neurology", None]) == set(TREE.names.values())
    assert own_departments(TREE, ["Neurology"]) == {"Neurology", "Division"}


def test_own_departments_fail_closed() -> None:
    assert own_departments(TREE, []) is None
    assert own_departments(TREE, [None, " ; "]) is None
    assert own_departments(TREE, [f"Neurology;{UNKNOWN}"]) is None


def test_siblings_are_not_each_others_own() -> None:
    own = own_departments(TREE, ["Neurology"])
    assert own is not None
    assert not canonical(TREE, "CAR") & own
    assert canonical(TREE, "Division") & own
