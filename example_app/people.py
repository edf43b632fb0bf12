"""The staff of the demo hospital: the same invented people at every start."""

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

from example_app.departments import (
    DEPARTMENTS,
    EXECUTIVE_OFFICE,
    OFFICES,
    WITHOUT_NURSES,
    DepartmentEntry,
)
from example_app.models import QUALITY_OFFICE

FIRST_NAMES = (
    "Anouk Bram Charlotte Daan Elise Floris Gijs Hanneke Ilse Jasper Jeroen Judith Kees Laura "
    "Lotte Maarten Maud Mirjam Niels Nienke Olga Pieter Quinten Renske Rik Roos Sander Saskia "
    "Sietske Sjoerd Stijn Susan Tessa Thomas Tineke Tjeerd Tom Ursula Vera Victor Wendy Wietse "
    "Wim Wouter Yvonne Aafke Arjen Barbara Bas Carolien Dirk Esther Femke Geert Ingrid Jelle "
    "Johan Jolanda Koen Leonie Lisa Luuk Marijke Mark Menno Nadia Paul Petra Remco Rianne Robert "
    "Simone Sven Teun Tobias"
)
LAST_NAMES = (
    "van den Berg,Bakker,Visser,Smit,Meijer,de Boer,Mulder,de Groot,Bos,Vos,Peters,Hendriks,"
    "van Leeuwen,Dekker,Brouwer,de Wit,Dijkstra,Smits,de Graaf,van der Meer,van der Veen,Prins,"
    "Blom,Huisman,Peeters,de Bruin,van Beek,Veenstra,Koster,Kuipers,van Dam,Postma,Hoekstra,"
    "Schouten,Willems,Kramer,Boersma,Zijlstra,Wiersma,van Dijk,Jonker,Martens,Verhoeven,Sikkema,"
    "Bouma,Terpstra,Hofman,van Vliet,Molenaar,Wolters,Scholten,van der Wal,Kok,Timmermans,Groen,"
    "Gerritsen,Bosman,Drent,Nauta,Reitsma,Haan,Kuiper,Ploeg,Tuinstra,Faber,Boon,Vermeulen,"
    "de Lange,Kamphuis,Roelofs,Oosterhuis,Wagenaar"
)
#: Colleagues from elsewhere and from families that came from elsewhere; some prefer English.
MORE_NAMES = (
    ("Priya", "Nair", "en"),
    ("Yusuf", "Yılmaz", "nl"),
    ("Amina", "Bouazza", "nl"),
    ("James", "O'Connell", "en"),
    ("Linh", "Nguyen", "nl"),
    ("Giulia", "Ferrari", "en"),
    ("Samir", "Haddad", "nl"),
    ("Zeynep", "Kaya", "nl"),
    ("Katarzyna", "Nowak", "en"),
    ("Kwame", "Asante", "en"),
    ("Rosa", "Kartosen", "nl"),
    ("Björn", "Lindqvist", "en"),
    ("Dewi", "Tahalele", "nl"),
    ("Miguel", "Santos", "en"),
    ("Hüseyin", "Demir", "nl"),
    ("Anjali", "Ramdin", "nl"),
)


@dataclass(frozen=True)
class StaffMember:
    """One member of staff, as the seed stores them."""

    name: str
    department: str
    profession: str
    discipline: str
    seniority: str
    locale: str = "nl"
    is_admin: bool = False
    is_complaints_officer: bool = False
    phone: str = ""

    @property
    def email(self) -> str:
        """The address in the hospital: first.last."""
        return f"{self.username}@noorderhaven.example"

    @property
    def username(self) -> str:
        """First name, a dot, and the last name written together, in plain letters."""
        first, last = self.name.split(" ", 1)
        return f"{plain(first)}.{plain(last)}"


class DemoLogin(NamedTuple):
    """A login on the sign-in page, with what this person does in the hospital."""

    username: str
    role: str
    nl: str
    en: str


def plain(name: str) -> str:
    """Reduce a name to the letters a to z."""
    letters = unicodedata.normalize("NFKD", name.lower().replace("ı", "i"))
    return "".join(letter for letter in letters if letter.isascii() and letter.isalpha())


DEMO_STAFF = (
    StaffMember("Sanne de Jong", "Intensive Care", "nurse", "medical", "junior"),
    StaffMember("Willem Hoekstra", "Vaatchirurgie", "physician", "surgical", "senior"),
    StaffMember("Marieke Postma", "Orthopedie", "physician", "surgical", "senior"),
    StaffMember("Joris Bakker", "Cardiologie", "nurse", "medical", "senior"),
    StaffMember("Ellen Dijkstra", QUALITY_OFFICE, "other", "supporting", "senior"),
    StaffMember("Ruben Mulder", QUALITY_OFFICE, "other", "supporting", "senior"),
    StaffMember(
        "Fatima El Amrani",
        EXECUTIVE_OFFICE,
        "other",
        "supporting",
        "senior",
        is_complaints_officer=True,
    ),
    StaffMember("Karin Veenstra", EXECUTIVE_OFFICE, "other", "supporting", "senior"),
    StaffMember("Hendrik van der Laan", EXECUTIVE_OFFICE, "physician", "medical", "senior"),
    StaffMember("Noor Jansen", EXECUTIVE_OFFICE, "other", "supporting", "senior"),
    StaffMember("Thijs Visser", EXECUTIVE_OFFICE, "other", "supporting", "junior", is_admin=True),
)

DEMO_LOGINS = (
    DemoLogin("sanne.dejong", "nurse", "IC-verpleegkundige", "Intensive care nurse"),
    DemoLogin("willem.hoekstra", "physician", "Vaatchirurg", "Vascular surgeon"),
    DemoLogin("marieke.postma", "supporter", "Orthopedisch chirurg", "Orthopaedic surgeon"),
    DemoLogin("joris.bakker", "supporter2", "Verpleegkundige", "Nurse"),
    DemoLogin(
        "ellen.dijkstra",
        "coordinator",
        "Secretaris commissie calamiteiten",
        "Secretary of the committee for calamities",
    ),
    DemoLogin(
        "ruben.mulder",
        "coordinator2",
        "Lid commissie calamiteiten",
        "Member of the committee for calamities",
    ),
    DemoLogin(
        "kees.faber",
        "quality_officer",
        "Kwaliteitsfunctionaris",
        "Quality officer",
    ),
    DemoLogin(
        "fatima.elamrani", "complaints_officer", "Klachtenfunctionaris", "Complaints officer"
    ),
    DemoLogin(
        "karin.veenstra", "trainer", "Trainer, leren en ontwikkelen", "Trainer, staff development"
    ),
    DemoLogin("hendrik.vanderlaan", "board", "Lid raad van bestuur", "Member of the board"),
    DemoLogin(
        "noor.jansen",
        "privacy_officer",
        "Functionaris gegevensbescherming",
        "Data protection officer",
    ),
    DemoLogin("thijs.visser", "admin", "Applicatiebeheerder", "Application manager"),
)


def places(department: DepartmentEntry, has_third_nurse: bool) -> list[str]:
    """List the professions of the staff of one department."""
    if department.name in OFFICES:
        return ["other"] * 6
    if department.name in WITHOUT_NURSES:
        return ["physician"] * 3 + ["other"] * 3
    return ["physician"] * 3 + ["nurse"] * (3 if has_third_nurse else 2) + ["other"]


def invented_names(taken: set[str], rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield a new name and a language, for ever; no two people share a user name."""
    first_names, last_names, more = FIRST_NAMES.split(), LAST_NAMES.split(","), list(MORE_NAMES)
    number = 0
    while True:
        number += 1
        if more and number % 9 == 0:
            first, last, locale = more.pop(0)
        else:
            first, last, locale = rng.choice(first_names), rng.choice(last_names), "nl"
        username = f"{plain(first)}.{plain(last)}"
        if username not in taken:
            taken.add(username)
            yield f"{first} {last}", locale


@cache
def staff() -> tuple[StaffMember, ...]:
    """Return everybody: the demo logins first, then about 150 colleagues by department."""
    rng = random.Random(1)
    names = invented_names({member.username for member in DEMO_STAFF}, rng)
    members = list(DEMO_STAFF)
    for index, department in enumerate(DEPARTMENTS):
        professions = places(department, has_third_nurse=index % 2 == 0)
        for known in DEMO_STAFF:
            if known.department == department.name and known.profession in professions:
                professions.remove(known.profession)
        for profession in professions:
            name, locale = next(names)
            seniority = rng.choice(("junior", "senior", "senior"))
            members.append(
                StaffMember(
                    name, department.name, profession, department.discipline, seniority, locale
                )
            )
    return tuple(
        replace(member, phone=f"+31 6 1234 {number:04d}")
        for number, member in enumerate(members, start=1)
    )


@cache
def supporter_usernames() -> list[str]:
    """Return 80 user names: 37 physicians, 29 nurses and 14 others, from all departments."""
    not_these = {
        login.username for login in DEMO_LOGINS if login.role not in ("supporter", "supporter2")
    }
    members = [member for member in staff() if member.username not in not_these]
    return [
        username
        for profession, count in (("physician", 37), ("nurse", 29), ("other", 14))
        for username in spread([m for m in members if m.profession == profession], count)
    ]


def spread(members: list[StaffMember], count: int) -> list[str]:
    """Take `count` of the members: one from every department, then a second, and so on.

    Offices come first, because no physician or nurse stands for them.
    """
    by_department: dict[str, list[str]] = {}
    for member in members:
        by_department.setdefault(member.department, []).append(member.username)
    order = list(by_department)
    random.Random(1).shuffle(order)
    order.sort(key=lambda department: department not in OFFICES)
    in_turn = [
        by_department[department][turn]
        for turn in range(max(map(len, by_department.values())))
        for department in order
        if turn < len(by_department[department])
    ]
    return in_turn[:count]
