"""Signals in and out: clips, corpora, filter banks, perturbations, real codecs, the synthesiser."""
