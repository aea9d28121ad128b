"""The base of every error about a sound."""


class AudioError(ValueError):
    """A sound that cannot be used as asked; the message says what was wanted, found, and what to do."""
