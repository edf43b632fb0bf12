"""Which workers live, on which machine, and whether they hold the same keyring."""
