"""What is asked, of whom, and the answers there are (P38)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ..i18n import mark


class Survey(StrEnum):
    """Who is asked."""

    COLLEAGUE = "colleague"
    SUPPORTER = "supporter"


class Answer(StrEnum):
    """What may be answered to every question."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


ANSWER_LABELS: Mapping[Answer, str] = {
    Answer.YES: mark("yes"),
    Answer.PARTLY: mark("partly"),
    Answer.NO: mark("no"),
}

QUESTIONS: Mapping[Survey, Mapping[str, str]] = {
    Survey.COLLEAGUE: {
        "helpful": mark("Did the support do you good?"),
        "in_time": mark("Did it come in time?"),
        "recommend": mark("Would you recommend it to a colleague?"),
        "asked_myself": mark("Would you have asked for it yourself?"),
    },
    Survey.SUPPORTER: {
        "prepared": mark("Do you feel well prepared for the conversations?"),
        "bearable": mark("Is what you are asked to do bearable?"),
        "cared_for": mark("Does the programme take good care of its supporters?"),
        "recommend": mark("Would you recommend being a supporter to a colleague?"),
    },
}
