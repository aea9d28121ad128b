"""Signals in and out: clips, corpora, filter banks, the synthesiser."""
