"""Models of the ear: Bark scale, loudness weighting, absolute threshold, masking, perceptual entropy."""

from paper_code.hearing.masking import MaskingModel, MaskingThreshold, masking_threshold

__all__ = ["MaskingModel", "MaskingThreshold", "masking_threshold"]
