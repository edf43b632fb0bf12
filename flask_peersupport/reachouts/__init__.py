"""Reach-outs: from the question to a supporter to the last contact."""
