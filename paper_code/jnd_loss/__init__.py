"""Manocha et al. 2020: a metric that learned from what people can just hear."""
