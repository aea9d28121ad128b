"""A disk that is full, for the tests of what writes files."""

import errno
import os


class FullDisk:
    """A file on which a write stops half-way, as on a full disk."""

    def __init__(self, file):
        self.file, self.name = file, file.name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, content: bytes):
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
