"""Just-noticeable differences: the judgements of Manocha et al. 2020 and what can be fitted to them."""
