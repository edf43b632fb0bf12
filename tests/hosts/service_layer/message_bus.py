from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .domain import Incident


@dataclass
class Event:
    incident: Incident


class IncidentAdded(Event):
    """The incident is in a unit of work that is not committed yet."""


class IncidentReported(Event):
    """The incident is committed."""


class IncidentLogged(Event):
    """The incident is in the log, in a unit of work that is not committed yet."""


class MessageBus:
    def __init__(self) -> None:
        self._handlers: dict[type[Event], list[Callable[[Any], object]]] = defaultdict(list)

    def subscribe(self, event_type: type[Event], handler: Callable[[Any], object]) -> None:
        self._handlers[event_type].append(handler)

    def publish(self, event: Event) -> None:
        for handler in self._handlers[type(event)]:
            handler(event)
