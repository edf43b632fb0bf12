"""Peer support for health-care staff, inside the application in which a hospital reports."""

from .extension import PeerSupport
from .values import Involved, Person, Report

__all__ = ["Involved", "PeerSupport", "Person", "Report"]
