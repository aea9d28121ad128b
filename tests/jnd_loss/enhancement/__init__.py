"""Tests of paper_code/jnd_loss/enhancement."""
