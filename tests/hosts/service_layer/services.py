"""The use cases. Each commits what it does; callers never touch a session."""

from __future__ import annotations

import logging
from collections.abc import Callable

from .domain import Incident, LogEntry, NoQualityOfficer, quality_officer_of
from .message_bus import IncidentAdded, IncidentLogged, IncidentReported, MessageBus
from .unit_of_work import UnitOfWork

logger = logging.getLogger(__name__)

NewUnitOfWork = Callable[[], UnitOfWork]


def report_incident(
    new_uow: NewUnitOfWork, bus: MessageBus, *, summary: str, unit: str, reported_by: str | None
) -> str:
    """Store an incident and return its number."""
    incident = Incident(summary=summary, unit=unit, reported_by=reported_by)
    with new_uow() as uow:
        uow.incidents.add(incident)
        bus.publish(IncidentAdded(incident))
        uow.commit()
    bus.publish(IncidentReported(incident))
    try:
        tell_quality_officer(new_uow, bus, incident)
    except NoQualityOfficer as error:
        logger.warning("nobody to tell in %s", error)
    return incident.number


def tell_quality_officer(new_uow: NewUnitOfWork, bus: MessageBus, incident: Incident) -> None:
    with new_uow() as uow:
        uow.log.add(LogEntry(incident.number, "reported"))
        uow.flush()
        bus.publish(IncidentLogged(incident))
        officer = quality_officer_of(incident.unit)
        uow.log.add(LogEntry(incident.number, f"told {officer}"))
        uow.commit()


def correct_incident(new_uow: NewUnitOfWork, bus: MessageBus, number: str, *, summary: str) -> None:
    with new_uow() as uow:
        incident = uow.incidents.find(number=number)
        if incident is None:
            raise LookupError(number)
        incident.summary = summary
        uow.commit()
    bus.publish(IncidentReported(incident))
