"""Where to turn: the three tiers of help, and the card for the first hours."""
