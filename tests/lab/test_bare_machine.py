"""The lab, its command line and all chapters load where only little is installed beside torch (which brings filelock)."""

import subprocess
import sys

CODE = """
import importlib, pkgutil, sys
from importlib.metadata import packages_distributions

import safetensors.torch, scipy.stats, soundfile, torch, torchaudio, tqdm  # and whatever these import

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if installed.get(name.partition(".")[0], "paper_code") not in ("paper_code", *there):
            raise ImportError(f"{name} is not on a bare machine")

there = ("torch", "torchaudio", "numpy", "scipy", "soundfile", "tqdm", "filelock", "safetensors")
installed = {top: top for top in packages_distributions() if top not in sys.modules and top != "paper_code"}
sys.meta_path.insert(0, Refuse())
assert "matplotlib" in installed and "pooch" in installed
import paper_code.lab, paper_code.audio.clips
for module in pkgutil.iter_modules(paper_code.lab.__path__):
    importlib.import_module(f"paper_code.lab.{module.name}")
print("fine")
"""


def test_every_module_of_the_lab_imports_there():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("fine\n", "")
