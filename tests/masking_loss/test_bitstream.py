"""Real files: they decode to what was evaluated, are as long as the entropy says, and never decode when damaged."""

import errno
import math
import os
import struct
import subprocess
import sys
import zlib

import constriction
import numpy as np
import pytest
import torch

from paper_code.audio.clips import AudioError
from paper_code.lab.files import OutputError
from paper_code.masking_loss.coder import bitstream, container
from paper_code.masking_loss.coder.bitstream import coded, decode, encode
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.coder.container import Damaged, NotCoded, Truncated, WrongCoder
from paper_code.masking_loss.coder.framing import join_signal, overlap_added, split_signal, window

HEADER = 29  # bytes


def _sound(samples: int = 2000, seed: int = 0) -> torch.Tensor:
    noise = torch.randn(samples, generator=torch.Generator().manual_seed(seed))
    return 0.3 * torch.tanh(noise) * torch.linspace(0.2, 1, samples)


def _made(seed: int = 0, bins: int = 8) -> SpeechCoder:
    torch.manual_seed(seed)
    coder = SpeechCoder(2, bins, residual_gain=0.1).eval()
    frames = split_signal(_sound(4000))
    with torch.no_grad():
        coder.quantiser.start(coder.encode(frames))
    coder.quantiser.learn_prior(coder.symbols(frames))
    return coder


@pytest.fixture(scope="module")
def coder() -> SpeechCoder:
    return _made()


@pytest.fixture(scope="module")
def whole(coder) -> bytes:
    return encode(coder, _sound())


def _sealed(data: bytes) -> bytes:
    """A file with a checksum that fits whatever was changed in it."""
    return data[:25] + struct.pack("<I", zlib.crc32(data[:25] + data[29:])) + data[29:]


def _changed(data: bytes, offset: int, form: str, value: float) -> bytes:
    return data[:offset] + struct.pack(form, value) + data[offset + struct.calcsize(form) :]


@pytest.mark.parametrize("samples", [1, 100, 448, 512, 2000, 31000])
def test_a_file_decodes_to_what_was_evaluated_sample_for_sample(coder, samples):
    sound = _sound(samples)
    found = decode(coder, encode(coder, sound))
    assert found.dtype == torch.float32
    assert found.shape == (samples,)
    assert torch.equal(found, coded(coder, sound))


def test_what_is_decoded_is_the_chain_of_its_parts(coder):
    sound = _sound()
    level = sound.abs().max()
    with torch.no_grad():
        symbols = coder.quantiser.symbols(coder.encode(split_signal(sound / level)))
        expected = level * join_signal(coder.decode(coder.quantiser.values(symbols)), len(sound))
    assert torch.allclose(decode(coder, encode(coder, sound)), expected, atol=1e-5)
    assert torch.equal(bitstream.unpack(coder, encode(coder, sound)).symbols, symbols)


def _all_at_once(coder: SpeechCoder, sound: torch.Tensor) -> tuple[bytes, torch.Tensor]:
    """File and decoded sound with every frame in one call and every symbol in another, and no parts."""
    level = float(sound.abs().max())
    frames = math.ceil((len(sound) + 32) / 480)
    run = torch.zeros(480 * frames + 32)
    run[32 : 32 + len(sound)] = sound / level
    symbols = coder.symbols(run.unfold(0, 512, 480) * window())
    encoder = constriction.stream.queue.RangeEncoder()
    model = constriction.stream.model.Categorical(coder.quantiser.prior.double().numpy(), perfect=False)
    encoder.encode(symbols.flatten().numpy().astype(np.int32), model)
    words = encoder.get_compressed().astype("<u4").tobytes()
    head = struct.pack("<4sB8sIfI", b"PMLC", 1, bitstream.identity(coder), len(sound), level, len(words) // 4)
    data = head + struct.pack("<I", zlib.crc32(head + words)) + words
    return data, level * overlap_added(coder.synthesise(symbols))[32 : 32 + len(sound)]


PART = 64 * 480  # samples that 64 frames go on by


@pytest.mark.parametrize(
    "samples",
    [1, 31, 32, 448, 449, 480, 481, *(PART + more for more in (-480, -33, -32, -31, -1, 0, 1, 448, 480)), 2 * PART + 7],
)
def test_parts_give_the_bytes_and_samples_of_all_at_once(coder, samples):
    """Around the edges of parts, and whatever the lengths of the pieces that the sound comes in."""
    sound = _sound(samples, seed=samples)
    data, heard = _all_at_once(coder, sound)
    assert encode(coder, sound) == data
    assert torch.equal(decode(coder, data), heard)
    level = float(sound.abs().max())
    for length in (777, 16000, PART):
        parts = bitstream.symbol_parts(coder, iter(sound.split(length)), level)
        assert bitstream.pack_parts(coder, parts, samples, level) == data
    contents = bitstream.opened(coder, data)
    parts = [*bitstream.unpack_parts(coder, contents)]
    assert [len(part) for part in parts[:-1]] == [64] * (len(parts) - 1)
    pieces = [*bitstream.waveform_parts(coder, parts, samples, contents.level)]
    assert max(map(len, pieces)) <= PART
    assert torch.equal(torch.cat(pieces), heard)


def test_silence_in_parts_is_silence(coder):
    data = bitstream.pack_parts(coder, bitstream.symbol_parts(coder, [torch.zeros(40000)], 0.0), 40000, 0.0)
    assert data == encode(coder, torch.zeros(40000))
    contents = bitstream.opened(coder, data)
    pieces = [*bitstream.waveform_parts(coder, bitstream.unpack_parts(coder, contents), 40000, 0.0)]
    assert torch.equal(torch.cat(pieces), torch.zeros(40000))
    assert max(map(len, pieces)) <= PART


def test_the_stream_is_as_long_as_the_prior_says(coder):
    for samples in (500, 20000):
        found = bitstream.quantised(coder, _sound(samples, seed=3))
        bits = -coder.quantiser.prior.double().log2()[found.symbols].sum().item()
        length = len(bitstream.pack(coder, found)) - HEADER
        assert bits / 8 - 4 <= length <= bits / 8 * 1.001 + 12
    assert container.kilobits(bytes(2500), 16000) == 20.0


def test_another_process_decodes_the_same(coder, whole, tmp_path):
    torch.save(coder.state_dict(), tmp_path / "coder.pt")
    container.write(tmp_path / "speech.pmlc", whole)
    code = f"""
import torch
from paper_code.masking_loss.coder import bitstream, container
from paper_code.masking_loss.coder.coder import SpeechCoder
coder = SpeechCoder(2, 8)
coder.load_state_dict(torch.load({str(tmp_path / "coder.pt")!r}, weights_only=True))
torch.save(bitstream.decode(coder, container.read({str(tmp_path / "speech.pmlc")!r})), {str(tmp_path / "out.pt")!r})
"""
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert torch.equal(torch.load(tmp_path / "out.pt", weights_only=True), coded(coder, _sound()))


def test_level_comes_back_and_clipped_sounds_too(coder):
    sound = _sound()
    assert torch.allclose(coded(coder, 1e-3 * sound), 1e-3 * coded(coder, sound), atol=1e-5)
    clipped = (10 * sound).clamp(-1, 1)
    assert bitstream.quantised(coder, clipped).level == 1
    assert coded(coder, clipped).isfinite().all()
    assert coded(coder, 1e-38 * sound).isfinite().all()


def test_silence_is_a_header_and_comes_back_as_silence(coder):
    data = encode(coder, torch.zeros(5000))
    assert len(data) == HEADER
    assert torch.equal(decode(coder, data), torch.zeros(5000))


def test_a_file_is_written_whole_or_not_at_all(coder, whole, tmp_path, monkeypatch):
    path = container.write(tmp_path / "new" / "speech.pmlc", whole)
    assert container.read(path) == whole

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space", str(path))

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OutputError, match="the disk is full"):
        container.write(path, b"other")
    assert path.read_bytes() == whole
    assert [file.name for file in path.parent.iterdir()] == ["speech.pmlc"]


@pytest.mark.parametrize("length", [0, 3, 4, 5, 28, 29, 30, -4, -1])
def test_every_truncated_file_is_told(coder, whole, length):
    with pytest.raises(NotCoded if length == 0 else Truncated, match="again"):
        decode(coder, whole[:length])


def test_every_changed_byte_is_told(coder, whole):
    for place in (*range(HEADER), *range(HEADER, len(whole), 37), len(whole) - 1):
        for bit in (1, 128):
            changed = bytearray(whole)
            changed[place] ^= bit
            with pytest.raises((NotCoded, Truncated, Damaged)):
                decode(coder, bytes(changed))


def test_bytes_after_the_end_are_told(coder, whole):
    with pytest.raises(Damaged, match="checksum"):
        decode(coder, whole + b"\0\0\0\0")


def test_other_files_and_versions_are_told(coder, whole, tmp_path):
    with pytest.raises(NotCoded, match="starts with b'PMLC'; found b'RIFF'"):
        decode(coder, b"RIFF" + whole[4:])
    with pytest.raises(NotCoded, match="version 2, this code reads 1"):
        decode(coder, _sealed(_changed(whole, 4, "<B", 2)))
    with pytest.raises(NotCoded, match=r"no coded file .*nowhere\.pmlc"):
        container.read(tmp_path / "nowhere.pmlc")


def test_another_coder_is_told(coder, whole):
    with pytest.raises(WrongCoder, match=bitstream.identity(coder).hex()):
        decode(_made(seed=1), whole)
    same = _made()
    assert bitstream.identity(same) == bitstream.identity(coder)
    for change in ("bins", "temperature", "prior"):
        same = _made()
        with torch.no_grad():
            getattr(same.quantiser, change).mul_(1.0001)
        assert bitstream.identity(same) != bitstream.identity(coder)


def test_a_well_sealed_lie_is_told(coder, whole):
    """Somebody changed the header and made the checksum fit."""
    for samples in (0, 3600 * 16000 + 1, 2**32 - 1):
        with pytest.raises(Damaged, match=f"{samples} samples"):
            decode(coder, _sealed(_changed(whole, 13, "<I", samples)))
    for level in (math.nan, math.inf, -1.0):
        with pytest.raises(Damaged, match="peak"):
            decode(coder, _sealed(_changed(whole, 17, "<f", level)))
    with pytest.raises(Damaged, match="more than the 256 symbols of 100 samples"):
        decode(coder, _sealed(_changed(whole, 13, "<I", 100)))
    words = (len(whole) - HEADER) // 4
    for missing in (1, 20, words - 1):
        with pytest.raises(Damaged, match="the stream"):
            decode(coder, _sealed(_changed(whole[: -4 * missing], 21, "<I", words - missing)))


@pytest.mark.parametrize(
    ("waveform", "sample_rate", "message"),
    [
        (torch.zeros(100), 44100, "wants 16000 Hz; the waveform has 44100 Hz"),
        (torch.zeros(2, 100), 16000, r"one channel.*found float32 \[2, 100\]"),
        (torch.zeros(100, dtype=torch.int16), 16000, r"found int16 \[100\]"),
        (torch.zeros(0), 16000, "1 sample to an hour of them; found 0"),
        (torch.zeros(1).expand(3600 * 16000 + 1), 16000, "found 57600001 samples"),
        (torch.tensor([0.0, math.nan]), 16000, "not finite"),
        (torch.tensor([0.0, -math.inf]), 16000, "not finite"),
    ],
)
def test_sounds_it_cannot_code_are_refused(coder, waveform, sample_rate, message):
    for function in (encode, coded):
        with pytest.raises(AudioError, match=message):
            function(coder, waveform, sample_rate)


def test_a_coder_that_does_not_quantise_is_refused():
    with pytest.raises(container.BitstreamError, match="does not quantise yet"):
        encode(SpeechCoder(2), _sound())
