"""The codes of a reach-out, and the one table that says which state may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ..i18n import mark


class ReachOutState(StrEnum):
    """Where the offer of support to one colleague stands."""

    QUEUED = "queued"
    ASKING = "asking"
    ACCEPTED = "accepted"
    IN_CONTACT = "in_contact"
    FOLLOW_UP = "follow_up"
    NEEDS_COORDINATOR = "needs_coordinator"
    CLOSED = "closed"


class Origin(StrEnum):
    """Where the name came from."""

    REPORT = "report"
    COMPLAINT_REFERRAL = "complaint_referral"
    CONCERN = "concern"
    SELF = "self"


class Outcome(StrEnum):
    """How a reach-out ended."""

    SUPPORTED = "supported"
    DECLINED = "declined"
    NOT_REACHED = "not_reached"
    REFERRED = "referred"
    NOT_INVOLVED = "not_involved"
    WITHDRAWN = "withdrawn"


class DeclinedReason(StrEnum):
    """Why a colleague wanted no support; the department's own care counts as success."""

    NO_NEED = "no_need"
    DEPARTMENT_SUPPORT = "department_support"
    OTHER_SUPPORT = "other_support"


class RequestState(StrEnum):
    """Where the question to one supporter stands."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class RefusalReason(StrEnum):
    """Why a supporter said no."""

    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"
    WORKLOAD = "workload"


class ContactKind(StrEnum):
    """What a contact was for."""

    FIRST = "first"
    FOLLOW_UP = "follow_up"
    ANALYSIS = "analysis"


class ContactChannel(StrEnum):
    """How a contact took place."""

    PHONE = "phone"
    MAIL = "mail"
    IN_PERSON = "in_person"
    VIDEO = "video"


class ContactOutcome(StrEnum):
    """What came of a contact; never what was said."""

    NOT_REACHED = "not_reached"
    CONVERSATION = "conversation"
    NO_NEED = "no_need"
    CONTACT_AGAIN = "contact_again"
    NO_FURTHER_CONTACT = "no_further_contact"
    REFERRED = "referred"


class WaitingFor(StrEnum):
    """What a coordinator has to decide."""

    UNKNOWN_DEPARTMENT = "unknown_department"
    UNKNOWN_PERSON = "unknown_person"
    NO_SUPPORTER = "no_supporter"
    BY_HAND = "by_hand"
    BY_TELEPHONE = "by_telephone"
    #: Only those are left whose own hours do not begin soon (P28).
    OTHER_HOURS = "other_hours"
    NOT_REACHED = "not_reached"
    COLLEAGUE_GONE = "colleague_gone"
    SUPPORTER_GONE = "supporter_gone"


class AnalysisKind(StrEnum):
    """What brings a case up again for everybody involved (P20)."""

    ANALYSIS = "analysis"
    HEARING = "hearing"
    RULING = "ruling"


class AnalysisSource(StrEnum):
    """Who told us of such a meeting."""

    HOST = "host"
    COORDINATOR = "coordinator"


class RemarkCode(StrEnum):
    """What went less well with the programme, as supporters tick it for a meeting (P32)."""

    TOO_LATE = "too_late"
    WRONG_NUMBER = "wrong_number"
    POOR_MATCH = "poor_match"


_R = ReachOutState

REACH_OUT_TRANSITIONS: Mapping[ReachOutState, frozenset[ReachOutState]] = {
    _R.QUEUED: frozenset({_R.ASKING, _R.NEEDS_COORDINATOR, _R.CLOSED}),
    _R.ASKING: frozenset({_R.ACCEPTED, _R.QUEUED, _R.NEEDS_COORDINATOR, _R.CLOSED}),
    _R.ACCEPTED: frozenset(
        {_R.IN_CONTACT, _R.FOLLOW_UP, _R.QUEUED, _R.NEEDS_COORDINATOR, _R.CLOSED}
    ),
    _R.IN_CONTACT: frozenset({_R.FOLLOW_UP, _R.QUEUED, _R.NEEDS_COORDINATOR, _R.CLOSED}),
    _R.FOLLOW_UP: frozenset({_R.IN_CONTACT, _R.QUEUED, _R.NEEDS_COORDINATOR, _R.CLOSED}),
    _R.NEEDS_COORDINATOR: frozenset({_R.QUEUED, _R.ASKING, _R.CLOSED}),
    _R.CLOSED: frozenset(),
}

_Q = RequestState

REQUEST_TRANSITIONS: Mapping[RequestState, frozenset[RequestState]] = {
    _Q.ASKED: frozenset({_Q.ACCEPTED, _Q.DECLINED, _Q.EXPIRED, _Q.WITHDRAWN}),
    _Q.ACCEPTED: frozenset({_Q.WITHDRAWN}),
    _Q.DECLINED: frozenset(),
    _Q.EXPIRED: frozenset(),
    _Q.WITHDRAWN: frozenset(),
}

#: States in which a supporter has the reach-out.
TAKEN = frozenset({_R.ACCEPTED, _R.IN_CONTACT, _R.FOLLOW_UP})

STATE_LABELS: Mapping[ReachOutState, str] = {
    _R.QUEUED: mark("waiting to be asked"),
    _R.ASKING: mark("supporter asked"),
    _R.ACCEPTED: mark("accepted"),
    _R.IN_CONTACT: mark("in contact"),
    _R.FOLLOW_UP: mark("follow-up planned"),
    _R.NEEDS_COORDINATOR: mark("needs you"),
    _R.CLOSED: mark("closed"),
}

OUTCOME_LABELS: Mapping[Outcome, str] = {
    Outcome.SUPPORTED: mark("supported"),
    Outcome.DECLINED: mark("no support wanted"),
    Outcome.NOT_REACHED: mark("could not be reached"),
    Outcome.REFERRED: mark("referred to other help"),
    Outcome.NOT_INVOLVED: mark("was not involved"),
    Outcome.WITHDRAWN: mark("withdrawn"),
}

DECLINED_REASON_LABELS: Mapping[DeclinedReason, str] = {
    DeclinedReason.NO_NEED: mark("no need"),
    DeclinedReason.DEPARTMENT_SUPPORT: mark("the own department already cares well"),
    DeclinedReason.OTHER_SUPPORT: mark("has support elsewhere"),
}

REQUEST_STATE_LABELS: Mapping[RequestState, str] = {
    _Q.ASKED: mark("asked"),
    _Q.ACCEPTED: mark("said yes"),
    _Q.DECLINED: mark("said no"),
    _Q.EXPIRED: mark("did not answer in time"),
    _Q.WITHDRAWN: mark("withdrawn"),
}

REFUSAL_LABELS: Mapping[RefusalReason, str] = {
    RefusalReason.CONFLICT: mark("I am too close: family, friend, or my own experience"),
    RefusalReason.UNAVAILABLE: mark("I am not available now"),
    RefusalReason.WORKLOAD: mark("I have too much on my hands"),
}

#: As coordinators see a refusal; a conflict is nobody's business but the supporter's.
REFUSAL_LABELS_FOR_OTHERS: Mapping[RefusalReason, str] = {
    RefusalReason.CONFLICT: mark("not eligible"),
    RefusalReason.UNAVAILABLE: mark("not available"),
    RefusalReason.WORKLOAD: mark("too much work"),
}

#: As a coordinator notes what a supporter said by telephone.
REFUSAL_LABELS_BY_TELEPHONE: Mapping[RefusalReason, str] = {
    RefusalReason.CONFLICT: mark("is too close to the colleague, or to what happened"),
    RefusalReason.UNAVAILABLE: mark("not available"),
    RefusalReason.WORKLOAD: mark("too much work"),
}

KIND_LABELS: Mapping[ContactKind, str] = {
    ContactKind.FIRST: mark("first contact"),
    ContactKind.FOLLOW_UP: mark("follow-up"),
    ContactKind.ANALYSIS: mark("around the analysis, hearing or ruling"),
}

CHANNEL_LABELS: Mapping[ContactChannel, str] = {
    ContactChannel.PHONE: mark("by telephone"),
    ContactChannel.MAIL: mark("by mail"),
    ContactChannel.IN_PERSON: mark("in person"),
    ContactChannel.VIDEO: mark("by video"),
}

CONTACT_OUTCOME_LABELS: Mapping[ContactOutcome, str] = {
    ContactOutcome.NOT_REACHED: mark("not reached"),
    ContactOutcome.CONVERSATION: mark("we spoke"),
    ContactOutcome.NO_NEED: mark("no need for support"),
    ContactOutcome.CONTACT_AGAIN: mark("may be contacted again"),
    ContactOutcome.NO_FURTHER_CONTACT: mark("wants no further contact"),
    ContactOutcome.REFERRED: mark("referred to other help"),
}

WAITING_LABELS: Mapping[WaitingFor, str] = {
    WaitingFor.UNKNOWN_DEPARTMENT: mark("The department is missing or not in the list."),
    WaitingFor.UNKNOWN_PERSON: mark("The name that was typed fits nobody, or several people."),
    WaitingFor.NO_SUPPORTER: mark("No supporter is left who may be asked."),
    WaitingFor.BY_HAND: mark("Ask a supporter by hand."),
    WaitingFor.BY_TELEPHONE: mark("Only supporters without an account are left: call one."),
    WaitingFor.OTHER_HOURS: mark(
        "The supporters who are left have other hours: ask one by hand, or wait with it."
    ),
    WaitingFor.NOT_REACHED: mark("The colleague was not reached several times."),
    WaitingFor.COLLEAGUE_GONE: mark(
        "The colleague no longer has an account. Find out whether they still work here."
    ),
    WaitingFor.SUPPORTER_GONE: mark(
        "The supporter no longer has an account: ask another, who takes it over."
    ),
}

#: The analysis meeting is called what the hospital calls it: see the setting.
ANALYSIS_LABELS: Mapping[AnalysisKind, str] = {
    AnalysisKind.HEARING: mark("hearing"),
    AnalysisKind.RULING: mark("ruling"),
}

REMARK_LABELS: Mapping[RemarkCode, str] = {
    RemarkCode.TOO_LATE: mark("asked or reached too late"),
    RemarkCode.WRONG_NUMBER: mark("the number was wrong"),
    RemarkCode.POOR_MATCH: mark("poor match between supporter and colleague"),
}
