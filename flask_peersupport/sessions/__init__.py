"""Trainings, meetings, intervision, lectures: planned, attended, and what came of them."""
