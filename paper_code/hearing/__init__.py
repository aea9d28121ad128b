"""Models of the ear: Bark scale, loudness weighting."""
