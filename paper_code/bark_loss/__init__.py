"""Vinyard 2018: a Bark filter-bank loss."""
