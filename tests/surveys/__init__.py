"""Tests of the anonymous questions."""
