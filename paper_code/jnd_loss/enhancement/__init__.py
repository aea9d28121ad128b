"""Speech enhancement: the denoiser of Manocha et al. 2020, §4.2, trained with three losses, and what it stands beside."""
