"""Who is meant by what a voter typed: found in the directory, or kept as typed."""

from __future__ import annotations

from dataclasses import dataclass

from ..access.departments import DepartmentTree, official_name
from ..access.people import search_person, signed_user
from ..i18n import gettext as _
from ..ports import Departments
from ..runtime import current_runtime
from ..supporters.departments import split_departments
from ..supporters.reading import email_fault, name_fault
from ..values import Person
from ..vault.persons import is_same_person
from ..vault.seal import plain_name
from .box import Choice


@dataclass(slots=True)
class NameLine:
    """One line of the ballot as typed; `user` is signed, set by picking a suggestion."""

    index: int
    name: str = ""
    department: str = ""
    user: str = ""
    #: What is wrong with it, for the page.
    error: str = ""


def choose(line: NameLine, voter: Person, departments: Departments | DepartmentTree) -> Choice:
    """Return who is meant by a line that has a name.

    Raises:
        ValueError: it cannot be right; the text says what to do.
    """
    if fault := name_fault(line.name):
        raise ValueError(fault)
    person = _listed(line, departments)
    if person is None:
        choice = _typed(line, departments)
        is_own = _is_own_name(choice, voter, departments)
    else:
        choice = _choice_of(person, departments)
        is_own = is_same_person(person, voter)
    if is_own:
        raise ValueError(_("This is you. Name somebody else whom you would go to."))
    return choice


def department_of(person: Person, departments: Departments | DepartmentTree) -> str | None:
    """Return the first department of a person, as the list names it."""
    names = split_departments(person.department or "")
    return official_name(departments, names[0])[:200] if names else None


def _listed(line: NameLine, departments: Departments | DepartmentTree) -> Person | None:
    """Return who is meant, from the directory; None where the directory has nobody for certain."""
    picked = signed_user(current_runtime().users, line.user)
    # a name typed over the picked one means somebody else
    if picked is not None and plain_name(picked.name) == plain_name(line.name):
        return picked
    same = search_person(line.name)
    if line.department and "@" not in line.name:
        same = [one for one in same if _may_work_in(one, line.department, departments)]
    elif len(same) > 1:
        raise ValueError(
            _(
                "Several colleagues bear this name. Choose one from the list, or fill in the "
                "department."
            )
        )
    return same[0] if len(same) == 1 else None


def _may_work_in(person: Person, text: str, departments: Departments | DepartmentTree) -> bool:
    """Return whether the list does not contradict that somebody works in a typed department."""
    wanted = departments.resolve(text)
    own = [departments.resolve(name) for name in split_departments(person.department or "")]
    if wanted is None or not own or None in own:
        return not person.department or plain_name(text) in plain_name(person.department)
    return any(not wanted.isdisjoint(related) for related in own if related)


def _choice_of(person: Person, departments: Departments | DepartmentTree) -> Choice:
    return Choice(
        person.name[:200], department_of(person, departments), person.email, person.user_id
    )


def _typed(line: NameLine, departments: Departments | DepartmentTree) -> Choice:
    department = official_name(departments, line.department)[:200] or None
    if "@" not in line.name:
        return Choice(line.name, department)
    if fault := email_fault(line.name):
        raise ValueError(fault)
    return Choice(line.name, department, line.name)


def _is_own_name(choice: Choice, voter: Person, departments: Departments | DepartmentTree) -> bool:
    """Return whether what was typed means the voter; a namesake elsewhere does not."""
    if choice.email:
        return is_same_person(Person(choice.name, choice.email), Person("", voter.email))
    is_namesake = plain_name(choice.name) == plain_name(voter.name)
    return is_namesake and (
        choice.department is None or _may_work_in(voter, choice.department, departments)
    )
