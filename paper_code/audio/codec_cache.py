"""The cache of encoded streams: one file each, named by a hash of all that decides its content.

A damaged file counts as absent. A folder that cannot be written costs a warning, not the result.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import warnings
from pathlib import Path

from paper_code.audio.places import destination, expanded

FOLDER_VARIABLE = "COMPENDIUM_CACHE"
DIGEST = hashlib.sha256().digest_size
_refused: set[Path] = set()  # folders that a warning was given for
_refusing = threading.Lock()


def folder() -> Path:
    """The folder COMPENDIUM_CACHE names, else the platform's cache folder; it need not exist."""
    name = os.environ.get(FOLDER_VARIABLE, "")
    if name:
        return expanded(name) / "codecs"
    try:
        import pooch  # here and not above: a bare machine has none
    except ImportError:
        return Path.home() / ".cache" / "perceptual-audio-losses" / "codecs"
    return Path(pooch.os_cache("perceptual-audio-losses")) / "codecs"


def key(content: bytes, *settings: str) -> str:
    """The name of a stream: sha256 over the samples' bytes and every setting, hexadecimal."""
    digest = hashlib.sha256()
    for part in (*(setting.encode() for setting in settings), content):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


class Store:
    """Encoded streams in a folder (default: see folder); each file is the stream's sha256, then the stream."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = folder() if root is None else Path(root)

    def path(self, name: str) -> Path:
        """Where the stream `name` lies or would lie."""
        return self.root / name[:2] / name

    def get(self, name: str) -> bytes | None:
        """The stream, or None where it is not there, not readable or damaged."""
        try:
            content = destination(self.path(name)).read_bytes()  # a pipe would be waited for
        except OSError:
            return None
        stream = content[DIGEST:]
        return stream if stream and hashlib.sha256(stream).digest() == content[:DIGEST] else None

    def put(self, name: str, stream: bytes) -> None:
        """Keep the stream, whole or not at all; warns once a folder where it cannot be written."""
        temporary = None
        try:
            path = destination(self.path(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".tmp", delete=False) as file:
                temporary = Path(file.name)
                file.write(hashlib.sha256(stream).digest() + stream)
            os.replace(temporary, path)
        except OSError as error:
            self._warn(error)
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)

    def _warn(self, error: OSError) -> None:
        with _refusing:
            if self.root in _refused:
                return
            _refused.add(self.root)
        warnings.warn(
            f"encoded sounds cannot be kept in {self.root} ({error.strerror or error}); they are encoded again "
            f"next time. Make room there or name another folder in {FOLDER_VARIABLE}.",
            stacklevel=2,
        )
