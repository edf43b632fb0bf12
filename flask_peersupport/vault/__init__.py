"""Identity in one place: encryption, the keyring, fingerprints."""
