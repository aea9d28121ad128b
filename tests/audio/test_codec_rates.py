"""Real codecs: every rate is the one that is written, bits are counted right, the cut-off is where it was measured."""

import numpy as np
import pytest
from coding import EVERY, MP3, RATE, USUAL, keys, noise, own_cache, program, shared_cache, streams  # noqa: F401  (fixtures are used by being there)

from paper_code.audio import codecs
from paper_code.audio.codec_kinds import KINDS
from paper_code.audio.codecs import Codec, CodecError

# Rates and bits


def mp3_header(stream: bytes) -> tuple[float, int, int]:
    """kb/s, Hz and channels from the first frame's header (ISO/IEC 13818-3), in tables of our own."""
    version, rate, hertz, mode = stream[1] >> 3 & 3, stream[2] >> 4, stream[2] >> 2 & 3, stream[3] >> 6
    mpeg_1 = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
    mpeg_2 = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
    divisor = {3: 1, 2: 2, 0: 4}[version]
    return (
        (mpeg_1 if version == 3 else mpeg_2)[rate - 1],
        [44100, 48000, 32000][hertz] // divisor,
        1 if mode == 3 else 2,
    )


@pytest.mark.parametrize("codec", [codec for codec in EVERY if codec.name == "mp3"], **keys)
def test_every_mp3_rate_is_the_one_that_is_written(codec, tmp_path):
    codecs.code(noise(codec.sample_rate // 8), codec, tmp_path)
    assert mp3_header(streams(tmp_path)[0]) == (codec.kilobits, codec.sample_rate, 1)


@pytest.mark.parametrize(
    ("codec", "frame"),
    list(zip([c for c in EVERY if c.name == "amr_wb"], [18, 24, 33, 37, 41, 47, 51, 59, 61], strict=True)),
)
def test_every_amr_wb_rate_has_its_frame(codec, frame, tmp_path):
    coded = codecs.code(noise(3200 - 95), codec, tmp_path)  # with its delay ten frames of 20 ms
    assert coded.bits == 8 * 10 * frame
    assert streams(tmp_path)[0] == b"#!AMR-WB\n" + streams(tmp_path)[0][9:]
    assert len(streams(tmp_path)[0]) == 9 + 10 * frame


@pytest.mark.parametrize("codec", [codec for codec in EVERY if codec.name == "aac"], **keys)
def test_every_aac_rate_is_kept_within_a_tenth(codec):
    coded = codecs.code(noise(4 * codec.sample_rate), codec)
    assert coded.kilobits_per_second == pytest.approx(codec.kilobits, rel=0.1)


@pytest.mark.parametrize("codec", [Codec("opus", rate) for rate in KINDS["opus"].rates[RATE]], **keys)
def test_every_opus_rate_is_kept_within_three_tenths(codec):
    coded = codecs.code(noise(4 * RATE), codec)  # its rate is variable and follows the sound
    assert coded.kilobits_per_second == pytest.approx(codec.kilobits, rel=0.3)


@pytest.mark.parametrize("codec", [codec for codec in EVERY if codec.name == "vorbis"], **keys)
def test_every_vorbis_rate_stands_in_the_stream(codec, tmp_path):
    codecs.code(noise(codec.sample_rate // 8), codec, tmp_path)
    start = streams(tmp_path)[0].index(b"\x01vorbis")
    hertz, _, nominal = np.frombuffer(streams(tmp_path)[0], "<u4", 3, start + 12)
    assert (hertz, nominal) == (codec.sample_rate, 1000 * codec.kilobits)


@pytest.mark.parametrize("codec", USUAL, **keys)
def test_bits_are_those_of_the_packets_that_ffmpeg_finds(codec, tmp_path):
    coded = codecs.code(noise(2 * RATE), codec, tmp_path)
    demuxer = KINDS[codec.name].demuxer
    listed = program("-f", demuxer, "-i", "pipe:0", "-c", "copy", "-f", "framecrc", "-", content=streams(tmp_path)[0])
    sizes = [int(line.split(b",")[4]) for line in listed.splitlines() if not line.startswith(b"#")]
    header = 7 if codec.name == "aac" else 0  # that demuxer keeps ADTS
    assert coded.bits == 8 * sum(size - header for size in sizes)
    assert coded.kilobits_per_second == pytest.approx(coded.bits / 2000)


def test_mp3_frames_are_72_bytes():
    coded = codecs.code(noise(60 * RATE), MP3)
    assert coded.bits % (8 * 72) == 0
    assert coded.kilobits_per_second == pytest.approx(16, rel=0.002)


@pytest.mark.parametrize(("kilobits", "hertz"), [(16, 5600), (24, 5875), (64, 7375)])
def test_mp3_cuts_off_where_it_was_measured(kilobits, hertz):
    """16 and 24 kb/s: 3700 and 3900 Hz of LAME's table times 1.5 for mono; it never codes the top sub-bands."""
    assert codecs.cutoff(Codec("mp3", kilobits)) == pytest.approx(hertz, abs=60)


def test_a_codec_without_a_cutoff_reaches_half_the_sample_rate():
    assert codecs.cutoff(Codec("amr_wb", 12.65)) == 8000


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (("mp4", 16), "no codec is called 'mp4'.*mp3, amr_wb, aac, opus, vorbis.*Did you mean 'mp3'"),
        (("AMR-WB", 23.85), "Did you mean 'amr_wb'"),
        (("mp3", 20), r"16000 Hz mono: choose 8, 16, 24, .*, 160 kb/s, not 20\."),
        (("mp3", 16, 44100), "44100 Hz mono: choose 32, 40, .* not 16"),
        (("mp3", 128, 8000), "8000 Hz mono: choose 8, .*, 64 kb/s, not 128"),
        (("mp3", 16, 17000), "MP3 takes 8000, .* 48000 Hz, not 17000"),
        (("mp3", float("nan")), "not nan"),
        (("mp3", "16"), "not '16'"),
        (("amr_wb", 24), "choose 6.6, 8.85, .*, 23.85 kb/s, not 24"),
        (("amr_wb", 23.85, 8000), "AMR-WB takes 16000 Hz, not 8000"),
        (("aac", 96), "choose 8, 12, .* not 96"),
        (("opus", 8), "choose 12, .* not 8"),
        (("opus", 32, 44100), "Opus takes 16000, 24000, 48000 Hz"),
        (("vorbis", 16), "choose 24, .* not 16"),
    ],
)
def test_rates_that_would_change_are_refused(settings, reason):
    with pytest.raises(CodecError, match=reason):
        Codec(*settings)


def test_names():
    assert (MP3.title, MP3.key) == ("MP3 16 kb/s", "mp3-16")
    assert (Codec("amr_wb", 23.85).title, Codec("amr_wb", 23.85).key) == ("AMR-WB 23.85 kb/s", "amr_wb-23.85")
    assert Codec("mp3", 128, 44100).key == "mp3-128-44100"
    assert len({codec.key for codec in EVERY}) == len(EVERY)
    assert Codec("mp3", 16.0) == MP3
