"""The codes of a session, and the one table a lifecycle that says which state may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ..i18n import mark


class SessionKind(StrEnum):
    """What a session is (P23, P32, P33)."""

    TRAINING = "training"
    LIGHT_TRAINING = "light_training"
    FOLLOW_UP_MEETING = "follow_up_meeting"
    INTERVISION = "intervision"
    LECTURE = "lecture"
    INFORMATION = "information"
    GROUP_SUPPORT = "group_support"


class SessionState(StrEnum):
    """Where a session stands."""

    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"


class SignUp(StrEnum):
    """Where somebody stands with a session."""

    SIGNED_UP = "signed_up"
    WAITING = "waiting"
    WITHDRAWN = "withdrawn"


_S = SessionState

SESSION_TRANSITIONS: Mapping[SessionState, frozenset[SessionState]] = {
    _S.PLANNED: frozenset({_S.HELD, _S.CANCELLED}),
    _S.HELD: frozenset(),
    _S.CANCELLED: frozenset(),
}

_U = SignUp

SIGN_UP_TRANSITIONS: Mapping[SignUp, frozenset[SignUp]] = {
    _U.SIGNED_UP: frozenset({_U.WITHDRAWN}),
    _U.WAITING: frozenset({_U.SIGNED_UP, _U.WITHDRAWN}),
    _U.WITHDRAWN: frozenset({_U.SIGNED_UP, _U.WAITING}),
}

KIND_LABELS: Mapping[SessionKind, str] = {
    SessionKind.TRAINING: mark("training"),
    SessionKind.LIGHT_TRAINING: mark("light training"),
    SessionKind.FOLLOW_UP_MEETING: mark("follow-up meeting"),
    SessionKind.INTERVISION: mark("intervision"),
    SessionKind.LECTURE: mark("lecture"),
    SessionKind.INFORMATION: mark("information meeting"),
    SessionKind.GROUP_SUPPORT: mark("group support"),
}

STATE_LABELS: Mapping[SessionState, str] = {
    _S.PLANNED: mark("planned"),
    _S.HELD: mark("held"),
    _S.CANCELLED: mark("cancelled"),
}

SIGN_UP_LABELS: Mapping[SignUp, str] = {
    _U.SIGNED_UP: mark("signed up"),
    _U.WAITING: mark("on the waiting list"),
    _U.WITHDRAWN: mark("signed off"),
}

#: Kinds that count as the training of a supporter (P26, P32).
TRAINING_KINDS = frozenset({SessionKind.TRAINING})


class TargetGroup(StrEnum):
    """Who may sign up."""

    SUPPORTERS = "supporters"
    #: Supporters, and those who were invited to become one.
    CANDIDATES = "candidates"
    EVERYBODY = "everybody"
    #: Nobody signs up: the trainer notes who came, or how many.
    NOBODY = "nobody"


TARGET_LABELS: Mapping[TargetGroup, str] = {
    TargetGroup.SUPPORTERS: mark("supporters"),
    TargetGroup.CANDIDATES: mark("supporters and those invited to become one"),
    TargetGroup.EVERYBODY: mark("everybody"),
    TargetGroup.NOBODY: mark("nobody signs up"),
}


class Reached(StrEnum):
    """Groups that a light training, a lecture or a meeting reached, counted without names (P33)."""

    RESIDENTS = "residents"
    STUDENTS = "students"
    PHYSICIANS = "physicians"
    NURSES = "nurses"
    HEADS = "heads"
    OTHERS = "others"


REACHED_LABELS: Mapping[Reached, str] = {
    Reached.RESIDENTS: mark("residents"),
    Reached.STUDENTS: mark("students"),
    Reached.PHYSICIANS: mark("physicians"),
    Reached.NURSES: mark("nurses"),
    Reached.HEADS: mark("heads of units"),
    Reached.OTHERS: mark("others"),
}


class IntervisionTick(StrEnum):
    """What an intervision was used for (P32)."""

    CASES = "cases"
    EXCHANGE = "exchange"
    INFORMATION = "information"
    TRAINING = "training"


INTERVISION_LABELS: Mapping[IntervisionTick, str] = {
    IntervisionTick.CASES: mark("cases"),
    IntervisionTick.EXCHANGE: mark("exchange"),
    IntervisionTick.INFORMATION: mark("information"),
    IntervisionTick.TRAINING: mark("training"),
}
