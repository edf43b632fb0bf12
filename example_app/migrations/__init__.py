"""Alembic history of the application, run by Flask-Migrate."""
