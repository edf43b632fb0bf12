"""Peer support for health-care staff, inside the application in which a hospital reports."""
