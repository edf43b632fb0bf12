"""Voting: each person once, each name counted, whoever votes at the same time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from flask_peersupport.errors import TooLate
from flask_peersupport.nominations.ballots import has_voted
from flask_peersupport.nominations.box import Choice
from flask_peersupport.nominations.models import NominationRound
from flask_peersupport.values import Person
from tests.nominations.conftest import ANNA, BRAM, CHRIS, NOW, Hospital, named, staff


def voter_count(hospital: Hospital, round_id: str) -> int | None:
    count: int | None = hospital.read(
        lambda session: session.get_one(NominationRound, round_id).voter_count
    )
    return count


def test_twenty_votes_in_the_same_moment_are_all_counted(hospital: Hospital) -> None:
    round_id = hospital.open()
    told = hospital.vote_together(round_id, [staff(10 + n) for n in range(20)], named(ANNA))
    assert told == [True] * 20
    hospital.close(round_id)
    assert hospital.result(round_id) == [("Ward 1", "Anna Vos", 20)]
    assert voter_count(hospital, round_id) == 20


def test_one_person_in_twenty_windows_counts_once(hospital: Hospital) -> None:
    round_id = hospital.open()
    told = hospital.vote_together(round_id, [BRAM] * 20, named(ANNA))
    assert sorted(told) == [False] * 19 + [True]
    hospital.others_vote(round_id, named(ANNA))
    hospital.close(round_id)
    assert hospital.result(round_id) == [("Ward 1", "Anna Vos", 5)]


def test_a_vote_and_the_closing_in_the_same_moment_lose_nothing_unsaid(hospital: Hospital) -> None:
    import threading

    round_id = hospital.open()
    hospital.others_vote(round_id, named(ANNA), 5)
    voters = [staff(10 + number) for number in range(10)]
    start, told = threading.Barrier(11), []

    def vote(voter: Person) -> None:
        start.wait()
        try:
            told.append(hospital.vote(round_id, voter, named(ANNA)))
        except TooLate:
            told.append(False)

    def close() -> None:
        start.wait()
        hospital.close(round_id)

    threads = [threading.Thread(target=vote, args=(voter,)) for voter in voters]
    threads.append(threading.Thread(target=close))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 10
    assert voter_count(hospital, round_id) == 5 + sum(told)


def test_a_new_address_gives_no_second_vote(small_hospital: Hospital) -> None:
    round_id = small_hospital.open()
    assert small_hospital.vote(round_id, BRAM, named(ANNA))
    moved = replace(BRAM, email="other@hospital.example")
    assert not small_hospital.vote(round_id, moved, named(CHRIS))


def test_an_address_that_a_ward_shares_keeps_nobody_from_voting(small_hospital: Hospital) -> None:
    round_id = small_hospital.open()
    for number in (10, 11):
        shared = replace(staff(number), email="ward@hospital.example")
        assert small_hospital.vote(round_id, shared, named(ANNA))


def test_without_an_id_the_address_says_who_voted(small_hospital: Hospital) -> None:
    round_id = small_hospital.open()
    assert small_hospital.vote(round_id, replace(BRAM, user_id=None), named(ANNA))
    same = Person("B. Smit", "M2@Hospital.Example")
    assert not small_hospital.vote(round_id, same, named(ANNA))


def test_has_voted_is_true_in_the_own_round_only(small_hospital: Hospital) -> None:
    first = small_hospital.open(departments=("Ward 1",))
    second = small_hospital.open(departments=("Ward 9",))
    small_hospital.vote(first, BRAM, named(ANNA))

    def answered(round_id: str) -> bool:
        found: bool = small_hospital.read(lambda session: has_voted(session, round_id, BRAM))
        return found

    assert answered(first)
    assert not answered(second)
    small_hospital.close(first)
    assert not answered(first), "the register is gone"


def test_after_the_last_day_nothing_is_counted(small_hospital: Hospital) -> None:
    round_id = small_hospital.open()
    with time_machine.travel(NOW + timedelta(days=15)), pytest.raises(TooLate):
        small_hospital.vote(round_id, BRAM, named(ANNA))
    small_hospital.close(round_id)
    with pytest.raises(TooLate):
        small_hospital.vote(round_id, BRAM, named(ANNA))


@pytest.mark.parametrize(
    "choices",
    [(), (named(ANNA), named(ANNA)), (named(ANNA), named(BRAM), named(CHRIS))],
    ids=["none", "twice", "too many"],
)
def test_a_vote_names_one_or_two_different_colleagues(
    small_hospital: Hospital, choices: tuple[Choice, ...]
) -> None:
    round_id = small_hospital.open()
    with pytest.raises(ValueError, match="different colleagues"):
        small_hospital.vote(round_id, staff(10), *choices)
