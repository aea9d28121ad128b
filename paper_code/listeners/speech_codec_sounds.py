"""What the listeners of the real MUSHRA test heard: 16 utterances in 9 conditions (Stahl, Windtner & Sontacchi 2024).

The ratings are read by `ratings.speech_codec_test`. The anchor was not published and is made again: the reference,
low-passed at 3.5 kHz as BS.1534-3 wants it, which may not be the filter of the test.
"""

from paper_code.audio import corpora
from paper_code.audio.clips import Clip
from paper_code.listeners.anchors import low_anchor

CORPUS = "mushra_speech_codec"
REFERENCE, ANCHOR = "Reference", "Anchor"


def recordings(item: str) -> dict[str, corpora.Recording]:
    """Condition -> file of an utterance, the reference first; the anchor has none. Raises KeyError for another name."""
    files = {
        condition: file
        for file in corpora.corpus(CORPUS).recordings
        for title, _, condition in [file.title.partition(", ")]
        if title == item
    }
    return {name: files[name] for name in (REFERENCE, *(name for name in files if name != REFERENCE))}


def sounds(item: str) -> dict[str, Clip]:
    """Condition -> sound of an utterance at 24 kHz, the anchor last. Raises KeyError, and what corpora.load raises."""
    heard = {name: corpora.load(file.path) for name, file in recordings(item).items()}
    return {**heard, ANCHOR: low_anchor(heard[REFERENCE])}


def speakers() -> dict[str, str]:
    """Utterance -> its speaker, for all utterances."""
    return {file.title.partition(", ")[0]: file.group for file in corpora.corpus(CORPUS).recordings}
