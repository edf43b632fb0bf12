"""The hospital in which questions are asked."""

from __future__ import annotations

from tests.sessions.hospital import programme, small_programme

__all__ = ["programme", "small_programme"]
