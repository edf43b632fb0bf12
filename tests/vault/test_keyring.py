from __future__ import annotations

import json
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flask_peersupport.errors import KeyringError
from flask_peersupport.vault.keyring import FileKeys, write_keyring

START = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "keyring.json"


def test_a_keyring_is_written_for_ten_years_and_for_its_owner_only(path: Path) -> None:
    assert write_keyring(path, START) == 120
    months = json.loads(path.read_text())["months"]
    assert (min(months), max(months)) == ("2026-11", "2036-10")
    assert len(set(months.values())) == 120
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_keyring_is_never_overwritten(path: Path) -> None:
    write_keyring(path, START)
    before = path.read_bytes()
    with pytest.raises(KeyringError, match="left as it is"):
        write_keyring(path, START)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_of_two_who_write_at_once_one_wins(path: Path) -> None:
    results: list[str] = []
    start = threading.Barrier(8)

    def write() -> None:
        start.wait()
        try:
            write_keyring(path, START)
            results.append("written")
        except KeyringError:
            results.append("refused")

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused"] * 7 + ["written"]


def test_keys_are_by_month_and_live_ones_are_newest_first(path: Path) -> None:
    write_keyring(path, START)
    keys = FileKeys(path)
    later = datetime(2027, 1, 30, 23, 30, tzinfo=UTC)
    assert keys.current(START).month == "2026-11"
    assert [key.month for key in keys.live(later)] == ["2027-01", "2026-12", "2026-11"]
    assert keys.get("2026-12").secret != keys.get("2026-11").secret


def test_what_a_clock_that_is_ahead_wrote_is_found_on_the_last_day_of_a_month(path: Path) -> None:
    write_keyring(path, START)
    last_day = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert [key.month for key in FileKeys(path).live(last_day)] == ["2026-12", "2026-11"]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"months": {"2026-11": "?"}}', "\xff"])
def test_a_keyring_that_cannot_be_read_says_so(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content, "latin-1")
    with pytest.raises(KeyringError, match="cannot be read"):
        FileKeys(path).current(START)


def test_a_missing_keyring_and_a_missing_month_say_what_to_do(path: Path) -> None:
    with pytest.raises(KeyringError, match="keys init"):
        FileKeys(path).current(START)
    write_keyring(path, START)
    with pytest.raises(KeyringError, match="no key for 1999-01"):
        FileKeys(path).get("1999-01")


def test_a_month_that_was_taken_out_is_noticed(path: Path) -> None:
    write_keyring(path, START)
    keys = FileKeys(path)
    keys.get("2026-11")
    content = json.loads(path.read_text())
    del content["months"]["2026-11"]
    path.write_text(json.dumps(content))
    with pytest.raises(KeyringError):
        keys.get("2026-11")
