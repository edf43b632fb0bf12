"""Who saw and did what, by pseudonymous subject."""
