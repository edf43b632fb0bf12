"""Settings: a wrong one stops the start and is named; the page about them is complete.

`python -m tests.test_config > docs/settings.md` writes that page anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flask_peersupport.config import PREFIX, Settings, load_settings
from flask_peersupport.errors import ConfigurationError

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"

INTRODUCTION = """# Settings

A host writes them in `app.config`. Each has a default; a name that is not in this table, or a
value that cannot be right, stops the start with a sentence that names it. Times are a `timedelta`
or a number of seconds. Labels are one text, or one text a language:
`{"nl": "arts", "en": "physician"}`.

| Setting | Type | Default | Meaning |
|---|---|---|---|
"""

TYPES = {
    "bool": "`True` or `False`",
    "Label": "text, or one text a language",
    "int": "whole number",
    "int | None": "whole number or `None`",
    "str": "text",
    "str | None": "text or `None`",
    "timedelta": "time",
    "timedelta | None": "time or `None`",
    "tuple[int, int]": "two whole numbers",
    "tuple[str, ...]": "list of codes",
    "Mapping[str, Label]": "code → label",
    "Mapping[str, str]": "code → code",
    "ZoneInfo": "time zone",
}


def setting(item: Field[Any]) -> str:
    """Return the name as the host writes it."""
    return PREFIX + item.name.upper()


def described(default: object) -> str:
    """Return a default as people write it."""
    if isinstance(default, timedelta):
        return f"{default.total_seconds() / 3600:g} hours"
    if isinstance(default, Mapping) and all(isinstance(one, Mapping) for one in default.values()):
        return ", ".join(f"`{code}`" for code in default) or "none"
    return f"`{default!r}`"


def page() -> str:
    """Return the page about the settings."""
    rows = (
        f"| `{setting(item)}` | {TYPES[str(item.type)]} | {described(item.metadata['default'])}"
        f" | {item.metadata['sentence']} |\n"
        for item in fields(Settings)
    )
    return INTRODUCTION + "".join(rows)


def test_the_page_about_settings_is_complete() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.test_config > docs/settings.md"


def test_the_defaults_are_right() -> None:
    assert load_settings({}) == Settings()


def test_settings_of_others_are_left_alone() -> None:
    assert load_settings({"SECRET_KEY": 1, "PEERSUPPORTED": 2}) == Settings()


@pytest.mark.parametrize("item", fields(Settings), ids=lambda item: item.name)
def test_an_ill_typed_value_is_named(item: Field[Any]) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{setting(item)} must ") as caught:
        load_settings({setting(item): object()})
    assert "\n" not in str(caught.value)


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"PEERSUPPORT_COLOUR": "blue"})
    assert str(caught.value) == (
        "PEERSUPPORT_COLOUR is not a setting of flask_peersupport: remove it or correct its name"
    )


def test_an_unknown_setting_that_resembles_one_says_so() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"PEERSUPPORT_RETENTION_DAY": 90})
    assert str(caught.value).endswith("correct its name, perhaps to PEERSUPPORT_RETENTION_DAYS")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENABLED", "no"),
        ("URL_PREFIX", "peersupport"),
        ("URL_PREFIX", "/"),
        ("BASE_URL", "reports.hospital.example"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "a@b.example\nBcc: c@d.example"),
        ("MAX_OPEN_PER_SUPPORTER", 0),
        ("MAX_OPEN_PER_SUPPORTER", True),
        ("ANSWER_WITHIN", -1),
        ("ANSWER_WITHIN", 0),
        ("ANSWER_WITHIN", "4 h"),
        ("ANSWER_WITHIN", float("inf")),
        ("ANSWER_WITHIN", float("nan")),
        ("REACHABLE_HOURS", (22, 8)),
        ("REACHABLE_HOURS", (8, 25)),
        ("CONTACT_AGAIN_DAYS", (14, 7)),
        ("TIMEZONE", "Europe/Groningen"),
        ("TIMEZONE", "../passwd"),
        ("KINDS", {}),
        ("KINDS", {"incident": {}}),
        ("KINDS", {"incident": 5}),
        ("APPROACH", {"incident": "everybody"}),
        ("APPROACH", {"near_miss": "all"}),
        ("KINDS_WITH_ANALYSIS", ("near_miss",)),
        ("KINDS_WITH_ANALYSIS", "calamity"),
        ("WORKER", "cron"),
        ("LOCALES", ()),
        ("LOCALES", ("nl", "de")),
        ("USER_FIELDS", {"shoe_size": "shoe_size"}),
    ],
)
def test_a_value_that_cannot_be_right_is_named(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({PREFIX + name: value})
    assert str(caught.value).split(" ")[0] == PREFIX + name


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ANSWER_WITHIN", 3600, timedelta(hours=1)),
        ("ANSWER_WITHIN", timedelta(minutes=5), timedelta(minutes=5)),
        ("ASK_AFTER", None, None),
        ("BASE_URL", "https://reports.example/", "https://reports.example"),
        ("LOCALES", ["en"], ("en",)),
    ],
)
def test_a_right_value_is_read(name: str, value: object, expected: object) -> None:
    assert getattr(load_settings({PREFIX + name: value}), name.lower()) == expected


if __name__ == "__main__":
    print(page(), end="")
