"""Every setting of the chapter's experiments: the paper's, and what differs in each profile."""

from dataclasses import dataclass

from paper_code.lab.config import Config, ConfigError, Profile, one_of
from paper_code.timbre_loss.stimuli import PAIRS

WIDTH = 8  # channels of the first block: 8313 parameters
WIDTHS = (1, 2, 4)  # further sizes, on the two cellos, for the figure of accuracy against parameters
FEW_SEEDS = 3  # of six: for masks, further sizes, and the null test of our variant

# Seconds on one of two busy cores, measured.
A_PHRASE = 0.05  # to make it
A_STEP = 0.3  # with width 8 and 16 phrases
A_MASK = 4.0  # a clip with all recipes
A_GRID = 200.0  # the sweep and the blocks that readers choose from

NETWORK, MASKS = "network", "masks"  # kinds of run
_SEEDS = (0, 1, 2, 3, 4, 5)  # six folds: every pitch is tested once
PROFILES = {
    "smoke": Profile(
        "seconds: 4 steps with 8 melodies",
        changes={NETWORK: {"melodies": 8, "tests": 4, "steps": 4}, MASKS: {"masks": 2, "mask_steps": 3}},
    ),
    "small": Profile("six seeds, half an hour on two cores", seeds=_SEEDS),
    "full": Profile(
        "twice the melodies, twice the steps, six seeds: more than an hour on two cores",
        seeds=_SEEDS,
        changes={NETWORK: {"melodies": 240, "steps": 280}},
    ),
}


@dataclass(frozen=True, kw_only=True)
class TimbreConfig(Config):
    """Settings of one run: one pair of instruments, one fold, one kind and size of the network.

    pair: one of stimuli.PAIRS. recordings: "real" or "synthetic". width, rows: of the network, see networks.
    melodies, tests: how many to train and to test on, each on both instruments. steps: of Adam, each on `batch` phrases.
    learning_rate: its highest value, reached after a third of the steps and left again to zero (one cycle).
    gain, noise: spread of augmentations, in dB: level of a phrase, cells of its log spectrogram.
    second: whether a second network is trained on other melodies of the same pitches, to judge the first one's masks.
    masks: test clips that masks are learned for (0: none). mask_steps: of Adam, for a mask. grid: whether alpha, beta and
    the blocks are varied too.
    Paper: Verma & Berger 2019, section III (which names neither sizes nor weights). Chapter: timbre_loss.
    """

    pair: str
    recordings: str = "real"
    width: int = WIDTH
    rows: bool = False
    melodies: int = 120
    tests: int = 40
    steps: int = 140
    batch: int = 16
    learning_rate: float = 3e-3
    gain: float = 3.0
    noise: float = 2.0
    second: bool = False
    masks: int = 0
    mask_steps: int = 100
    grid: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("pair", self.pair, PAIRS)
        one_of("recordings", self.recordings, ("real", "synthetic"))
        if self.masks and not self.second:
            raise ConfigError("masks need a second network to judge them: set second.")

    @property
    def synthetic(self) -> bool:
        """Whether the synthesiser stands in for the recordings."""
        return self.recordings == "synthetic"
