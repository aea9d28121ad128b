"""Human judgements: the design of listening tests, their answers, and what these say."""
