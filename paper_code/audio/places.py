"""Where files are: those that come with the package, and those that people name by a path of theirs.

In a path of theirs `~` is their home, and what is written there becomes a plain file or is refused.
"""

import errno
import os
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]  # the folder that holds paper_code
CHECKOUT = (
    SOURCE / "data" / "corpora.toml"
).is_file()  # else the package is installed: its files lie inside it (setup.py)
DATA = SOURCE / "data" if CHECKOUT else SOURCE / "paper_code" / "data"
STATIC = (
    SOURCE / "book" / "_static" if CHECKOUT else SOURCE / "paper_code" / "static"
)  # scripts and styles of the pages


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with a leading `~` or `~user` replaced by that home; one of no user stays as it is.

    A folder called 2024 comes as a number from who reads parameters as numbers where they can be.
    """
    if isinstance(path, int | float) and not isinstance(path, bool):
        path = str(path)
    return Path(os.path.expanduser(path))


def is_file(path: Path) -> bool:
    """Whether there is a plain file. False too where the system cannot tell (a name too long, a loop of links)."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder. False too where the system cannot tell."""
    try:
        return path.is_dir()
    except OSError:
        return False


def destination(path: str | os.PathLike[str]) -> Path:
    """The plain file that a writer to `path` makes or replaces: `~` expanded, links followed, a new one where none is.

    Raises OSError (it names the path) for a folder, a pipe, device or socket, a loop of links and a name too long.
    """
    path = expanded(path)
    try:
        real = path.resolve() if path.is_symlink() else path
        if real.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if real.exists() and not real.is_file():
            raise OSError(errno.ENOTSUP, "it is no plain file but a pipe, a device or a socket")
    except RuntimeError as error:  # how pathlib tells a loop of links
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from error
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    return real


def short(name: str) -> str:
    """The beginning of a file's name that leaves room, in the 255 bytes a name may have, for a temporary one's ending."""
    return os.fsencode(name)[:160].decode(errors="ignore")
