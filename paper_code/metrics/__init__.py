"""Scores nobody differentiates: SNR, SI-SNR, log-spectral distance, noise floor, STOI."""
