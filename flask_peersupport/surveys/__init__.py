"""Short anonymous questions about the programme (P38)."""
