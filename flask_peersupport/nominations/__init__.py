"""Nomination rounds: whom would you go to in confidence? Who named whom is known to nobody."""
