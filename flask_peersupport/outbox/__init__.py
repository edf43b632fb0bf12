"""Mail that leaves: written in the caller's transaction, sent by the worker."""
