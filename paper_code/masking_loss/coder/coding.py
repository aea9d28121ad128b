"""From a waveform to a waveform: a trained coder by way of a real file, and AMR-WB, which it is compared with."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from paper_code.audio.codecs import Codec, code
from paper_code.masking_loss.coder import bitstream, container
from paper_code.masking_loss.coder.coder import SpeechCoder


@dataclass(frozen=True, eq=False)
class Decoded:
    """A waveform [time] as the decoder gives it, aligned with the original and as long.

    bits: of the file or of the frames as written.   symbols: [frame, 256] of a trained coder, None of AMR-WB.
    """

    waveform: Tensor
    bits: int
    symbols: Tensor | None = None


Coding = Callable[[Tensor], Decoded]


def of_coder(coder: SpeechCoder, file: Path) -> Coding:
    """A trained coder, by way of a real file that is written, read again and decoded.

    What is measured is then what a listener gets, and the bits are those on the disk. Raises BitstreamError, OutputError.
    """

    def coding(waveform: Tensor) -> Decoded:
        coded = bitstream.quantised(coder, waveform)
        container.write(file, bitstream.pack(coder, coded))
        data = container.read(file)
        file.unlink()
        return Decoded(bitstream.decode(coder, data), 8 * len(data), coded.symbols)

    return coding


def of_amr_wb(codec: Codec) -> Coding:
    """AMR-WB through the real encoder and decoder; its delay of 95 samples is taken off, and the length kept.

    The bits are those of the frames as they are stored: whole bytes, with the byte that each begins with, 0.55 to
    0.75 kb/s more than the nominal rate. Raises CodecError.
    """

    def coding(waveform: Tensor) -> Decoded:
        coded = code(waveform, codec)
        return Decoded(coded.waveform, coded.bits)

    return coding
