"""The departments of the demo hospital."""

from typing import NamedTuple

from example_app.models import QUALITY_OFFICE


class DepartmentEntry(NamedTuple):
    """A department, the discipline of its staff, and the department above it."""

    name: str
    discipline: str
    parent: str | None = None


EXECUTIVE_OFFICE = "Concernstaf"

DEPARTMENTS = (
    DepartmentEntry("Heelkunde", "surgical"),
    DepartmentEntry("Vaatchirurgie", "surgical", "Heelkunde"),
    DepartmentEntry("Traumachirurgie", "surgical", "Heelkunde"),
    DepartmentEntry("Orthopedie", "surgical"),
    DepartmentEntry("Neurochirurgie", "surgical"),
    DepartmentEntry("Cardiothoracale Chirurgie", "surgical"),
    DepartmentEntry("Keel-, Neus- en Oorheelkunde", "surgical"),
    DepartmentEntry("Urologie", "surgical"),
    DepartmentEntry("Verloskunde en Gynaecologie", "surgical"),
    DepartmentEntry("Anesthesiologie", "supporting"),
    DepartmentEntry("Intensive Care", "medical"),
    DepartmentEntry("Spoedeisende Hulp", "medical"),
    DepartmentEntry("Interne Geneeskunde", "medical"),
    DepartmentEntry("Nefrologie", "medical", "Interne Geneeskunde"),
    DepartmentEntry("Hematologie", "medical", "Interne Geneeskunde"),
    DepartmentEntry("Cardiologie", "medical"),
    DepartmentEntry("Longziekten", "medical"),
    DepartmentEntry("Maag-, Darm- en Leverziekten", "medical"),
    DepartmentEntry("Neurologie", "medical"),
    DepartmentEntry("Psychiatrie", "medical"),
    DepartmentEntry("Kindergeneeskunde", "medical"),
    DepartmentEntry("Neonatologie", "medical", "Kindergeneeskunde"),
    DepartmentEntry("Radiologie", "supporting"),
    DepartmentEntry("Ziekenhuisapotheek", "supporting"),
    DepartmentEntry(QUALITY_OFFICE, "supporting"),
    DepartmentEntry(EXECUTIVE_OFFICE, "supporting"),
)

#: Departments without doctors and nurses.
OFFICES = frozenset({"Ziekenhuisapotheek", QUALITY_OFFICE, EXECUTIVE_OFFICE})
#: Departments with doctors, but without nurses.
WITHOUT_NURSES = frozenset({"Radiologie"})
