"""The base of every error the lab raises for people to act on."""


class LabError(RuntimeError):
    """Something a user can act on; the message says what was wanted, what was found and what to do."""
