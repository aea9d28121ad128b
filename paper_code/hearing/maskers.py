"""Tonal and noise maskers of a power spectrum: found, then thinned out to those that count.

Everything here decides (is this a peak? is that masker the stronger?), and a decision that falls the other way moves
the threshold by decibels. So it is computed in float64, whatever the precision of the rest.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from paper_code.hearing.absolute_threshold import absolute_threshold
from paper_code.hearing.critical_bands import critical_band_rate, critical_bands, geometric_mean_line

PROMINENCE = 10.0**0.7  # a tone stands 7 dB above its neighbourhood
NEIGHBOURHOOD = 0.5  # Bark within which only the strongest masker stays
FAR = 100.0  # Bark between the places of two frames, so that maskers of different frames are never near
TONAL_REACH = ((0.0, 5500.0, 2), (5500.0, 11000.0, 3), (11000.0, 20000.0, 6))  # Hz, Hz, lines on either side
TONAL_REACH_IN_LINES = ((2, 62, 2), (62, 126, 3), (126, 249, 6))  # of 44.1 kHz, as the laboratory's port keeps them


@dataclass(frozen=True)
class Maskers:
    """Maskers of many frames in one list, sorted by frame and then by line; every field is [masker].

    frame, line: where it lies.   power: on the scale of the spectrum.   tonal: True for a tone, False for noise.
    """

    frame: Tensor
    line: Tensor
    power: Tensor
    tonal: Tensor


@dataclass(frozen=True, eq=False)
class SpectrumLines:
    """What the search must know of the lines of a spectrum.

    reach: [line], lines on either side above which a tone must stand, 0 where none is looked for.
    bands: [line, band], 1 where a line belongs to a band.   centres: [band], the line where a band's masker is put.
    rate: [line], critical-band rate in Bark.   audible: [line], power of the absolute threshold.
    """

    reach: Tensor
    bands: Tensor
    centres: Tensor
    rate: Tensor
    audible: Tensor

    @classmethod
    def of(cls, frequency: np.ndarray, reach_in_lines: bool, device: torch.device) -> "SpectrumLines":
        """The tables for lines at frequencies [line] in Hz, of which the first is taken for the second.

        reach_in_lines: take the neighbourhoods of tones from the line's number, as for 44.1 kHz, not its frequency.
        """
        bands = critical_bands(frequency)
        members = np.zeros((len(frequency), len(bands)))
        for number, lines in enumerate(bands):
            members[lines, number] = 1.0
        where = np.arange(len(frequency)) if reach_in_lines else frequency
        reach = np.zeros(len(frequency), dtype=np.int64)
        for first, last, lines in TONAL_REACH_IN_LINES if reach_in_lines else TONAL_REACH:
            reach[(where >= first) & (where < last)] = lines
        heard = np.concatenate([frequency[1:2], frequency[1:]])
        tables = (
            reach,
            members,
            np.array([geometric_mean_line(lines) for lines in bands]),
            critical_band_rate(heard),
            10.0 ** (0.1 * absolute_threshold(heard)),
        )
        return cls(*(torch.from_numpy(table).to(device) for table in tables))


def find_maskers(power: Tensor, lines: SpectrumLines) -> Maskers:
    """The maskers of power spectra [frame, line] in float64: tones and bands of noise, audible, 0.5 Bark apart.

    Paper: Spanias et al. 2007, section 5.7.2, steps 2 and 3. Chapter: masking_loss.
    """
    tonal = tonal_peaks(power, lines.reach)
    tones, noises = tone_power(power, tonal), noise_power(power, tonal, lines)
    both = torch.stack([tones, noises], dim=-1)
    both = both * (both >= lines.audible.unsqueeze(-1))
    frame, line, kind = both.nonzero(as_tuple=True)
    found = Maskers(frame, line, both[frame, line, kind], kind == 0)
    stays = strongest_within(frame * FAR + lines.rate[line], found.power)
    return Maskers(found.frame[stays], found.line[stays], found.power[stays], found.tonal[stays])


def tonal_peaks(power: Tensor, reach: Tensor) -> Tensor:
    """True where a line is a local maximum more than 7 dB above its neighbourhood, [frame, line].

    power: [frame, line].   reach: [line], lines on either side that count, from the second on; 0 for no search.
    A line whose neighbourhood leaves the spectrum is none. Of two equal lines side by side the lower is the maximum.
    """
    farthest = int(reach.max())
    padded = torch.nn.functional.pad(power, (farthest, farthest), value=torch.inf)

    def beside(distance: int) -> Tensor:
        return padded[:, farthest + distance : farthest + distance + power.shape[-1]]

    peak = (reach > 0) & (power > beside(-1)) & (power >= beside(1))
    for distance in range(2, farthest + 1):
        neighbour = torch.maximum(beside(-distance), beside(distance))
        peak &= (power > PROMINENCE * neighbour) | (reach < distance)
    return peak


def tone_power(power: Tensor, tonal: Tensor) -> Tensor:
    """Power of the tonal maskers, [frame, line]: the line and its two neighbours together; 0 where there is none."""
    padded = torch.nn.functional.pad(power, (1, 1))
    return (padded[:, :-2] + power + padded[:, 2:]) * tonal


def noise_power(power: Tensor, tonal: Tensor, lines: SpectrumLines) -> Tensor:
    """Power of the noise maskers, [frame, line]: what tones and their neighbourhoods leave of each critical band.

    power, tonal: [frame, line]. A band's masker stands at its centre line; all other lines are 0.
    """
    taken = tonal.clone()
    count = power.shape[-1]
    for distance in range(1, int(lines.reach.max()) + 1):
        wide = tonal & (lines.reach >= distance)
        taken[:, : count - distance] |= wide[:, distance:]
        taken[:, distance:] |= wide[:, : count - distance]
    noise = torch.zeros_like(power)
    noise[:, lines.centres] = power.masked_fill(taken, 0.0) @ lines.bands
    return noise


def strongest_within(place: Tensor, power: Tensor, distance: float = NEIGHBOURHOOD) -> Tensor:
    """True for the maskers that stay, [masker], when of any two that are near only the stronger does.

    place: [masker], rising.   power: [masker].   distance: two places closer than this are near.
    The strongest masker stays and those near it go, then the strongest of the rest, and so on: none that stays is
    near another, and each that goes is near a stronger one that stays. Of two equal ones the lower stays.
    """
    weaker, stronger = _near_pairs(place, power, distance)
    stays = torch.ones_like(place, dtype=torch.bool)
    while True:
        # After n rounds all is settled for maskers with at most n ever stronger ones in a chain of near pairs.
        beaten = torch.zeros_like(stays)
        beaten[weaker[stays[stronger]]] = True
        if torch.equal(stays, ~beaten):
            return stays
        stays = ~beaten


def _near_pairs(place: Tensor, power: Tensor, distance: float) -> tuple[Tensor, Tensor]:
    weaker, stronger = [place.new_zeros(0, dtype=torch.long)], [place.new_zeros(0, dtype=torch.long)]
    for shift in range(1, len(place)):
        low = (place[shift:] - place[:-shift] < distance).nonzero().squeeze(-1)
        if not len(low):
            break
        high = low + shift
        low_wins = power[low] >= power[high]
        weaker.append(torch.where(low_wins, high, low))
        stronger.append(torch.where(low_wins, low, high))
    return torch.cat(weaker), torch.cat(stronger)
