"""The ballot box: what it holds depends on the votes, not on their order or their number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_peersupport.errors import KeyringError
from flask_peersupport.nominations import box
from flask_peersupport.nominations.box import BallotKeys, Choice
from flask_peersupport.ports import MonthKey
from flask_peersupport.testing import MemoryKeys
from flask_peersupport.values import Person

KEYS = BallotKeys(b"v" * 32, b"r" * 32, b"t" * 32)
CHOICES = [
    Choice("Anna Vos", "Ward 1", "anna@hospital.example", "1"),
    Choice("Anna Vos-de Boer", "Ward 2", None, "1"),
    Choice("J. Jansen", "Ward 9"),
    Choice("J  JANSEN", "ward 9"),
    Choice("j@elsewhere.example", None, "j@elsewhere.example"),
    Choice("Jo", "Ward 1", "J@Elsewhere.example"),
]


def content_of_tally(tally: box.Tally) -> bytes:
    return box._decrypt(KEYS.tally, "tally r", box.seal_tally(KEYS, "r", tally))


@given(st.permutations(CHOICES))
def test_the_tally_is_the_same_in_whatever_order_it_came(order: list[Choice]) -> None:
    tally: box.Tally = {}
    for choice in order:
        tally = box.counted(tally, [choice])
    assert sorted(count for _choice, count in tally.values()) == [2, 2, 2]
    expected: box.Tally = {}
    for choice in CHOICES:
        expected = box.counted(expected, [choice])
    assert content_of_tally(tally) == content_of_tally(expected)


@given(st.permutations(range(6)))
def test_the_register_is_the_same_in_whatever_order_it_came(order: list[int]) -> None:
    hashes: frozenset[bytes] = frozenset()
    for number in order:
        voter = box.voter_hash(KEYS, Person("x", user_id=str(number)))
        sealed = box.seal_register(KEYS, "r", hashes | {voter})
        hashes = box.open_register(KEYS, "r", sealed)
    content = box._decrypt(KEYS.register, "register r", sealed)
    everybody = [box.voter_hash(KEYS, Person("x", user_id=str(number))) for number in range(6)]
    assert content == (6).to_bytes(4, "big") + b"".join(sorted(everybody)) + bytes(4096 - 100)


@pytest.mark.parametrize(("few", "many"), [(0, 1), (1, 255)])
def test_the_length_of_the_register_hides_the_number(few: int, many: int) -> None:
    def length(count: int) -> int:
        return len(box.seal_register(KEYS, "r", [n.to_bytes(16, "big") for n in range(count)]))

    assert length(few) == length(many)
    assert length(256) == length(511) == length(255) + 4096, "beyond that it doubles"


def test_the_length_of_the_tally_hides_the_number() -> None:
    def length(count: int) -> int:
        names = (Choice(f"Member {n}", "Ward 1", f"m{n}@h.example", str(n)) for n in range(count))
        return len(box.seal_tally(KEYS, "r", box.counted({}, names)))

    assert length(0) == length(1) == length(100)


def test_a_voter_is_known_by_the_account_alone() -> None:
    hashes = {
        box.voter_hash(KEYS, Person("A", "a@x.example", user_id="1")),
        box.voter_hash(KEYS, Person("B", "b@x.example", user_id="1")),
    }
    assert len(hashes) == 1
    other_round = BallotKeys(b"w" * 32, b"r" * 32, b"t" * 32)
    assert box.voter_hash(other_round, Person("A", user_id="1")) not in hashes
    with pytest.raises(ValueError, match="user id"):
        box.voter_hash(KEYS, Person("A"))


def test_box_and_keys_are_bound_to_their_round() -> None:
    month = MonthKey("2026-03", b"k" * 32)
    sealed = KEYS.seal("r", month)
    with pytest.raises(KeyringError):
        box.open_register(KEYS, "other", box.seal_register(KEYS, "r", ()))
    with pytest.raises(KeyringError):
        BallotKeys.open("other", "2026-03", sealed, MemoryKeys())
    keys = MemoryKeys()
    sealed = KEYS.seal("r", keys.get("2026-03"))
    assert BallotKeys.open("r", "2026-03", sealed, keys) == KEYS
