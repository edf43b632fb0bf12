from __future__ import annotations

import pytest

from flask_peersupport.external import codes


def test_a_code_is_easy_to_read_aloud_and_never_the_same() -> None:
    made = {codes.make_code() for _each in range(500)}
    assert len(made) == 500
    for code in made:
        first, _hyphen, second = code.partition("-")
        assert (len(first), len(second)) == (5, 5)
        assert set("01OIL").isdisjoint(code)
        assert codes.code_fault(code) is None


@pytest.mark.parametrize("text", ["7KQMR-2XWPD", "7kqmr2xwpd", " 7KQMR 2XWPD ", "７KQMR–2XWPD"])
def test_a_code_is_right_however_it_is_typed(text: str) -> None:
    salt = codes.new_salt()
    assert codes.is_same(codes.digest_of(text, salt), codes.digest_of("7KQMR-2XWPD", salt))


def test_another_salt_or_another_sign_is_another_hash() -> None:
    salt = codes.new_salt()
    digest = codes.digest_of("7KQMR-2XWPD", salt)
    assert digest != codes.digest_of("7KQMR-2XWPD", codes.new_salt())
    assert digest != codes.digest_of("7KQMR-2XWPE", salt)
    assert b"kqmr" not in digest.lower()


@pytest.mark.parametrize("text", ["", "1234567", "aaaaaaaa", "abababab", "- - - -", "x" * 65])
def test_poor_codes_are_refused(text: str) -> None:
    assert codes.code_fault(text)


@pytest.mark.parametrize("text", ["correct horse", "VeerstraatOost7", "é" * 4 + "abcd1"])
def test_what_two_people_agreed_on_is_kept(text: str) -> None:
    assert codes.code_fault(text) is None
