"""A learned score of a cello's sound, what it listens to, and masks that change it: Verma & Berger 2019."""
