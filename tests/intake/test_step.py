from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flask_peersupport.access.typed import MAX_LENGTH, clean_text
from flask_peersupport.intake.step import (
    MAX_COLLEAGUES,
    Row,
    Step,
    has_step,
    posted_fields,
    read_step,
    step_fields,
)


def test_read_step_reads_ticks_and_rows() -> None:
    fields = {
        "peersupport-me": "1",
        "peersupport-outside": "on",
        "peersupport-colleagues-0-name": "Anna Vos",
        "peersupport-colleagues-0-wish": "yes",
        "peersupport-colleagues-4-name": "Bram Smit",
    }
    assert read_step(fields) == Step(
        wants_support=True,
        is_outside=True,
        rows=(Row(0, "Anna Vos", wish="yes"), Row(4, "Bram Smit")),
    )


def test_a_row_without_a_name_is_ignored() -> None:
    assert read_step({"peersupport-colleagues-0-email": "a@b.example"}) == Step()


def test_rows_beyond_thirty_are_counted() -> None:
    fields = {f"peersupport-colleagues-{i}-name": f"Colleague {i}" for i in range(31)}
    step = read_step(fields)
    assert len(step.rows) == MAX_COLLEAGUES
    assert step.surplus == 1


def test_clean_text_keeps_what_is_a_name_and_drops_what_controls() -> None:
    assert clean_text("  Zoë\u00a0 van\n den\tBerg\u202e ") == "Zoë van den Berg"
    assert clean_text("=HYPERLINK(1)") == "=HYPERLINK(1)"
    assert clean_text("🙂 محمد") == "🙂 محمد"
    assert clean_text("\x00\x07") == ""
    assert len(clean_text("x" * 10_000)) == MAX_LENGTH


def test_posted_fields_keeps_only_the_steps_own() -> None:
    form = {"title": "secret", "peersupport-me": "1", "peersupport-outside": "", "x": "y"}
    assert posted_fields(form) == {"peersupport-me": "1"}
    assert has_step(form)
    assert not has_step({"title": "x"})


@given(st.dictionaries(st.text(max_size=60), st.text(max_size=300), max_size=20))
def test_whatever_is_posted_is_read(form: dict[str, str]) -> None:
    prefixed = {f"peersupport-{key}": text for key, text in form.items()}
    fields = posted_fields(prefixed)
    assert all(len(text) <= MAX_LENGTH for text in fields.values())
    step = read_step(fields)
    assert read_step(step_fields(step)) == step


@given(st.text(max_size=2_000))
def test_clean_text_is_stable_and_storable(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    cleaned.encode()
