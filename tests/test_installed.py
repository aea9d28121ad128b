"""The package installed by pip into an environment of its own, used outside the checkout: every loss and command works."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import numpy as np
import pytest
import soundfile
from masking_loss.quick_speech import quick_speech
from test_losses import _pair

from paper_code.audio.places import SOURCE
from paper_code.losses import LOSSES, make_loss

FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "paper_code", "data", "book/_static")
USE = """
import json, sys
from pathlib import Path
import numpy as np, torch
import paper_code
from paper_code.audio import corpora
from paper_code.display import frame_walker, listening_test, mask_blocks, players, region_player
from paper_code.jnd_loss import listening_test as heard
from paper_code.lab import claims_file, paths
from paper_code.losses import LOSSES, make_loss
from paper_code.masking_loss import code_speech

assert Path(paper_code.__file__).is_relative_to(sys.prefix), paper_code.__file__
pair = [torch.from_numpy(signal) for signal in np.load("pair.npy")]
values = {name: make_loss(name)(*pair).item() for name in LOSSES}
assert corpora.main(["list"]) == 0
for part in (players, mask_blocks, region_player, frame_walker, listening_test):
    part.activate()
assert code_speech.main(["encode", "in.wav", "out.pmlc", "--quiet"]) == 0
assert code_speech.main(["decode", "out.pmlc", "back.wav", "--quiet"]) == 0
assert claims_file.read("bark_loss") and heard.anchors()
assert paths.WORK == Path.cwd() / "_build" / "results"
Path("values.json").write_text(json.dumps(values))
"""


def environment(folder: Path) -> Path:
    """The Python of a new environment that sees the packages here, but not this checkout."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")  # its own .pth files are not read
    return python


@pytest.mark.slow
def test_installed_elsewhere_it_has_all_it_reads(tmp_path: Path) -> None:
    source, work = tmp_path / "source", tmp_path / "work"
    work.mkdir()
    for name in FILES:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (SOURCE / name).is_dir() else shutil.copy)(SOURCE / name, source / name)
    python = environment(tmp_path / "environment")
    outside = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--no-build-isolation", str(source)], check=True, env=outside, cwd=tmp_path)
    shutil.rmtree(source)
    pair = _pair(1)
    np.save(work / "pair.npy", np.stack([signal.numpy() for signal in pair]))
    soundfile.write(work / "in.wav", quick_speech(0.6, 16000, 3).waveform.numpy(), 16000)
    done = subprocess.run([str(python), "-c", USE], cwd=work, env=outside, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads((work / "values.json").read_text())
    assert found == {name: pytest.approx(make_loss(name)(*pair).item(), rel=1e-5) for name in LOSSES}
    assert soundfile.info(work / "back.wav").frames == 9600
