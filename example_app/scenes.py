"""What happened in the demo's programme of late, in scenes that `recent_days` plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

#: Department, profession, and which of the staff there who have no part in the demo; or somebody
#: who has, by user name.
Place = tuple[str, str, int] | str
#: A row of the step, as somebody fills it in.
Row = Mapping[str, str]


@dataclass(frozen=True)
class Deed:
    """What the supporter does on the page of the reach-out, so long after the last deed."""

    after: timedelta
    page: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Scene:
    """A report and what came of each offer after it.

    Attributes:
        ago: how long ago it was reported.
        reporter: who reported it.
        colleagues: likewise, or a row of the step as it is typed.
        asked: the supporter whom the coordinator asks by hand.
        is_accepted: whether who is asked says yes; else the request still waits.
        deeds: of the supporter, for each colleague in the order in which supporters say yes.
        is_at_once: reported at that very moment, not in the daytime before it.
        analysis_in: days from now until its analysis is discussed.
    """

    ago: timedelta
    kind: str
    reporter: Place
    title: str
    ticks: tuple[str, ...] = ()
    colleagues: tuple[Row | Place, ...] = ()
    severity: str = "unknown"
    asked: str | None = None
    is_accepted: bool = True
    deeds: tuple[tuple[Deed, ...], ...] = ()
    is_at_once: bool = False
    analysis_in: int | None = None


@dataclass(frozen=True)
class Visit:
    """A door of the programme that somebody uses, without any report in the host.

    Attributes:
        ago: how long ago.
        visitor: who opens the page.
        page: below /peersupport/.
        fields: as filled in; "{name}" is the colleague's, "{complaint}" the newest complaint's
            number.
        colleague: who is named; None: the visitor.
        deeds: of the supporter, as of a scene.
    """

    ago: timedelta
    visitor: Place
    page: str
    fields: Mapping[str, str]
    colleague: Place | None = None
    deeds: tuple[tuple[Deed, ...], ...] = ()
    asked: str | None = None
    is_accepted: bool = True


def noted(outcome: str, hours: float, *, kind: str = "first", channel: str = "phone") -> Deed:
    """Return the deed of noting a contact."""
    fields = {"outcome": outcome, "kind": kind, "channel": channel}
    return Deed(timedelta(hours=hours), "contacts", fields)


def closed(outcome: str, hours: float, reason: str = "", *, referred_to: str = "") -> Deed:
    """Return the deed of ending a reach-out."""
    form = {"outcome": outcome, "reason": reason, "referred_to": referred_to}
    return Deed(timedelta(hours=hours), "close", form)


def follow_up_in(days: int) -> Deed:
    """Return the deed of planning a follow-up."""
    return Deed(timedelta(minutes=2), "follow-up", {"days": str(days)})


DAY = timedelta(days=1)
#: Nurses come from Cardiologie, so that no nurse of Cardiologie, as a visitor may be, is asked.
SCENES = (
    Scene(
        33 * DAY,
        "calamity",
        ("Traumachirurgie", "physician", 0),
        "Spoedoperatie met onverwacht verloop",
        ticks=("me",),
        severity="permanent_harm",
        asked="marieke.postma",
        deeds=((noted("conversation", 3), follow_up_in(36)),),
    ),
    Scene(
        13 * DAY,
        "calamity",
        ("Verloskunde en Gynaecologie", "physician", 0),
        "Slechte start na vaginale kunstverlossing",
        ticks=("me",),
        colleagues=(("Kindergeneeskunde", "physician", 0),),
        severity="unknown",
        deeds=(
            (noted("conversation", 3, channel="in_person"), closed("supported", 48)),
            (closed("declined", 4, "department_support"),),
        ),
        analysis_in=2,
    ),
    Scene(
        12 * DAY,
        "incident",
        "sanne.dejong",
        "Medicatie aan de verkeerde patiënt klaargelegd",
        ticks=("me",),
        deeds=((noted("conversation", 3), closed("supported", 72)),),
    ),
    Scene(
        11 * DAY,
        "incident",
        ("Spoedeisende Hulp", "physician", 0),
        "Afwijkend hartfilmpje over het hoofd gezien",
        colleagues=(("Spoedeisende Hulp", "physician", 1),),
        deeds=(
            (
                noted("conversation", 2),
                noted("referred", 48, kind="follow_up", channel="in_person"),
                closed("referred", 1, referred_to="occupational_physician"),
            ),
        ),
    ),
    Scene(
        9 * DAY,
        "calamity",
        ("Hematologie", "physician", 0),
        "Chemotherapie in te hoge dosering toegediend",
        ticks=("me-involved",),
        colleagues=(("Ziekenhuisapotheek", "other", 0),),
        severity="temporary_harm",
        deeds=((noted("no_need", 5),),),
    ),
    Scene(
        8 * DAY,
        "calamity",
        ("Anesthesiologie", "physician", 0),
        "Hartstilstand bij de inleiding",
        ticks=("me",),
        severity="death",
        deeds=((noted("not_reached", 2), noted("conversation", 20)),),
    ),
    Scene(
        6 * DAY,
        "incident",
        ("Cardiologie", "nurse", 0),
        "Verkeerde pompstand bij overplaatsing",
        ticks=("me",),
        deeds=((noted("contact_again", 6),),),
    ),
    Scene(
        3 * DAY,
        "calamity",
        ("Neurochirurgie", "physician", 0),
        "Ingreep op het verkeerde niveau",
        colleagues=(("Neurochirurgie", "physician", 1),),
        severity="permanent_harm",
    ),
    Scene(
        timedelta(hours=4),
        "calamity",
        ("Psychiatrie", "physician", 0),
        "Patiënt onverwacht overleden op de afdeling",
        ticks=("me",),
        severity="death",
    ),
    Scene(
        timedelta(hours=3),
        "calamity",
        ("Urologie", "physician", 0),
        "Gaas achtergebleven na operatie",
        colleagues=({"name": "dokter Van Zanten (waarnemer)", "wish": "ask"},),
        severity="temporary_harm",
        is_at_once=True,
    ),
    Scene(
        timedelta(hours=2),
        "incident",
        ("Radiologie", "physician", 0),
        "Contrastreactie te laat herkend",
        colleagues=(
            {
                "name": "Ineke Overdijk",
                "email": "i.overdijk@dagcentrum-oost.example",
                "phone": "+31 6 1234 9001",
                "department": "Dagcentrum Oost",
                "profession": "other",
                "wish": "yes",
            },
        ),
        is_at_once=True,
    ),
    Scene(
        timedelta(minutes=50),
        "calamity",
        ("Keel-, Neus- en Oorheelkunde", "physician", 0),
        "Luchtwegprobleem na tonsillectomie",
        ticks=("me",),
        severity="temporary_harm",
        asked="marieke.postma",
        is_accepted=False,
        is_at_once=True,
    ),
    Scene(
        timedelta(minutes=45),
        "incident",
        ("Longziekten", "nurse", 0),
        "Zuurstof niet aangesloten bij vervoer",
        ticks=("me",),
        asked="joris.bakker",
        is_accepted=False,
        is_at_once=True,
    ),
    Scene(
        timedelta(minutes=30),
        "calamity",
        ("Maag-, Darm- en Leverziekten", "physician", 0),
        "Perforatie bij endoscopie",
        ticks=("me",),
        severity="temporary_harm",
        is_accepted=False,
        is_at_once=True,
    ),
)
#: What came in by the other doors.
VISITS = (
    Visit(
        5 * DAY,
        "fatima.elamrani",
        "refer",
        {
            "kind": "complaint",
            "ref": "{complaint}",
            "department": "Urologie",
            "way": "named",
            "knows": "1",
            "peersupport-colleagues-0-name": "{name}",
        },
        colleague=("Urologie", "nurse", 0),
        deeds=((noted("conversation", 5), noted("contact_again", 2)),),
    ),
    Visit(
        2 * DAY,
        "willem.hoekstra",
        "self",
        {"channel": "phone", "day_part": "evening"},
        deeds=((noted("conversation", 4),),),
    ),
    Visit(
        timedelta(hours=20),
        ("Longziekten", "physician", 1),
        "concern",
        {"name": "{name}", "may_be_told": "1"},
        colleague=("Cardiologie", "physician", 1),
    ),
)
