"""How an experiment is run: profiles, training loop, result store, provenance, claims."""
