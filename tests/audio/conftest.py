"""A tiny registry of recordings made on the spot, and a server for them on this machine."""

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile

from paper_code.audio import corpora, registry

LICENCES = '[licences]\n"CC BY 4.0" = "https://licence/by"\n"CC BY-NC 3.0" = "https://licence/by-nc"\n'


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files; counts what was asked for; sends half of a file or a broken one on demand."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.server.fault is None:
            return super().do_GET()
        content = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if self.server.fault == "cut" else content[::-1])


@dataclass
class World:
    """Two corpora, their files at the source, an empty folder, an empty cache and the server."""

    root: Path
    base: str
    server: http.server.ThreadingHTTPServer
    files: dict[str, Path] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder that COMPENDIUM_CORPORA may name."""
        return self.root / "folder"

    @property
    def cache(self) -> Path:
        """The download cache."""
        return self.root / "cache"

    def put(self, path: str, place: Path, content: bytes | None = None) -> Path:
        """Lay a file (its true content, or another) into the folder or the cache."""
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self.files[path].read_bytes() if content is None else content)
        return target

    def kept(self) -> list[str]:
        """The names of all files in the cache."""
        return sorted(str(file.relative_to(self.cache)) for file in self.cache.rglob("*") if file.is_file())


HEADS = {
    "tones": 'licence = "CC BY 4.0"\nchannels = 1\nformat = "FLAC/PCM_16"\n',
    "words": 'licence = "CC BY-NC 3.0"\nchannels = 2\nformat = "WAV/PCM_16"\nsplit = "test"\n',
}
COMMON = """
about = "made up"
commit = "abc"
attribution = "the tests"
citation = "none"
chapters = ["bark_loss"]
sample_rate = 8000
"""


def registry_text(world: World, base: str) -> str:
    """The registry of the tiny world in the form of data/corpora.toml."""
    lines = [f'base = "{base}"', LICENCES]
    for name, head in HEADS.items():
        lines.append(f'[corpora.{name}]\ntitle = "{name}"\nrepo = "someone/{name}"{COMMON}{head}files = [')
        lines += [file_line(path, source) for path, source in world.files.items() if path.startswith(name)]
        lines.append("]")
    return "\n".join(lines)


def file_line(path: str, source: Path) -> str:
    """The registry's line for one file."""
    content, name = source.read_bytes(), path.split("/")[1]
    sound = "" if name.endswith(".txt") else f', seconds = 0.25, title = "Tone", group = "{name}"'
    digest = hashlib.sha256(content).hexdigest()
    return f'{{ path = "{name}", sha256 = "{digest}", bytes = {len(content)}{sound} }},'


def make_files(world: World) -> None:
    """Write the source files of both corpora, under the folder that the server serves."""
    for number, name in enumerate(["tones/a b #1-0.flac", "tones/two-0.flac", "words/one-0.wav", "words/about.txt"]):
        corpus, rest = name.split("/")
        source = world.root / "source" / "someone" / corpus / "abc" / rest
        source.parent.mkdir(parents=True, exist_ok=True)
        samples = 0.1 * np.random.default_rng(number).standard_normal((2000, 2 if corpus == "words" else 1))
        if rest.endswith(".txt"):
            source.write_text("who said what")
        else:
            soundfile.write(source, samples, 8000, subtype="PCM_16")
        world.files[name] = source


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The tiny world, reachable: no folder named, an empty cache, downloads allowed."""
    handler = functools.partial(Handler, directory=str(tmp_path / "source"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.asked, server.fault = [], None
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        world = World(tmp_path, f"http://127.0.0.1:{server.server_port}", server)
        make_files(world)
        (tmp_path / "corpora.toml").write_text(registry_text(world, world.base))
        monkeypatch.setattr(registry, "REGISTRY", tmp_path / "corpora.toml")
        monkeypatch.setattr(corpora, "cache", lambda: tmp_path / "cache")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.delenv("COMPENDIUM_CORPORA", raising=False)
        monkeypatch.delenv("COMPENDIUM_OFFLINE", raising=False)
        (tmp_path / "folder").mkdir()
        yield world
        server.shutdown()
        thread.join()


@pytest.fixture
def unreachable(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The tiny world with a source that nobody answers for."""
    world.base = "http://127.0.0.1:9"
    (world.root / "far.toml").write_text(registry_text(world, world.base))
    monkeypatch.setattr(registry, "REGISTRY", world.root / "far.toml")
    return world
