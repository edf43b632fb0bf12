"""Measurements: ratios between things measured alternately in one run."""
