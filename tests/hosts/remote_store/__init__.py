"""A front end for a case system that is spoken to over HTTP: no database of its own."""

from .portal import Portal

__all__ = ["Portal"]
