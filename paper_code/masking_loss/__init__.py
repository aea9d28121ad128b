"""Byun et al. 2021: a speech coder trained to keep its noise below the masking threshold, and the losses beside it."""
