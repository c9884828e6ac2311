"""Noise of electrodes in patients: bursts, slow modulation, seizures, spikes, and what is shared.

Gaussian noise of one spectrum is given these one after the other. How heavy they are follows short
recordings: within 5 s of 50 depth contacts, the SD of 200 ms pieces reached 2.8 times its median at
the median contact and 6.1 times at the worst, its logarithm had an SD of 0.5, and the mean
correlation of two contacts was 0.59 (monopolar; sub-01 of the HFO dataset in MNE-HFO).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter

#: Rise and fall of a burst (SD of the smoothing, s).
EDGE_S = 0.25


@dataclass(frozen=True)
class Noise:
    """What is done to stationary Gaussian noise. Nothing by default.

    Attributes
    ----------
    common, on_shaft
        Share of the variance that all electrodes have in common, and those of one shaft.
    bursts_per_min, burst_s, burst_gain
        Bursts of each electrode: rate, and ranges of their duration (s) and gain of the amplitude.
    modulation, modulation_s
        SD of the logarithm of the amplitude, and the time constant of its slow course (s).
    seizure_share, seizure_s, seizure_gain
        Share of electrodes that take part in one seizure-like event, its duration and gain.
    spikes_per_min, spike_sd, spike_s
        Spikes of each electrode: rate, scale of their heavy-tailed size (t with 3 degrees of
        freedom, in SDs of the noise) and width (SD, s).
    """

    common: float = 0.0
    on_shaft: float = 0.0
    bursts_per_min: float = 0.0
    burst_s: tuple[float, float] = (2.0, 15.0)
    burst_gain: tuple[float, float] = (2.0, 6.0)
    modulation: float = 0.0
    modulation_s: float = 30.0
    seizure_share: float = 0.0
    seizure_s: float = 40.0
    seizure_gain: float = 8.0
    spikes_per_min: float = 0.0
    spike_sd: float = 6.0
    spike_s: float = 0.1


NOISES = {
    "gaussian": Noise(),
    "bursts": Noise(bursts_per_min=2.0),
    "modulated": Noise(modulation=0.6, seizure_share=0.3),
    "spikes": Noise(spikes_per_min=6.0),
    "common": Noise(common=0.5, on_shaft=0.2),
    "recorded": Noise(
        common=0.4, on_shaft=0.2, bursts_per_min=2.0, modulation=0.3, spikes_per_min=2.0
    ),
}
#: Electrodes of a simulated shaft.
CONTACTS = 8


def shared(rng: np.random.Generator, noise: Noise, series: np.ndarray) -> np.ndarray:
    """Return series of which a part is common to all electrodes, and another to a shaft.

    Parameters
    ----------
    rng
        Weights of the mixtures that make the common parts: mixtures of the series have their
        spectrum.
    noise
        Shares of the variance.
    series
        (n_samples, n_electrodes) independent noise of unit variance.

    Returns
    -------
    np.ndarray
        Of the same shape and variance.
    """
    if not noise.common and not noise.on_shaft:
        return series
    n_electrodes = series.shape[1]
    shaft = np.arange(n_electrodes) // CONTACTS
    weights = rng.standard_normal(n_electrodes)
    everywhere = series @ weights / np.linalg.norm(weights)
    made = np.sqrt(1 - noise.common - noise.on_shaft) * series
    made += np.sqrt(noise.common) * everywhere[:, None]
    for one in np.unique(shaft):
        own = shaft == one
        weights = rng.standard_normal(own.sum())
        along = series[:, own] @ weights / np.linalg.norm(weights)
        made[:, own] += np.sqrt(noise.on_shaft) * along[:, None]
    return np.asarray(made / made.std(0))


def amplitude(
    rng: np.random.Generator, noise: Noise, n_samples: int, n_electrodes: int, rate_hz: float
) -> np.ndarray:
    """Return the amplitude that noise is multiplied by, (n_samples, n_electrodes); 1 for none."""
    gain = np.ones((n_samples, n_electrodes))
    minutes = n_samples / rate_hz / 60
    for e in range(n_electrodes):
        for _ in range(rng.poisson(noise.bursts_per_min * minutes)):
            start = int(rng.integers(n_samples))
            stop = start + int(rng.uniform(*noise.burst_s) * rate_hz)
            gain[start:stop, e] = np.maximum(gain[start:stop, e], rng.uniform(*noise.burst_gain))
    if noise.seizure_share:
        start = int(rng.integers(max(1, n_samples - int(noise.seizure_s * rate_hz))))
        own = rng.random(n_electrodes) < noise.seizure_share
        gain[start : start + int(noise.seizure_s * rate_hz), own] *= noise.seizure_gain
    if noise.bursts_per_min or noise.seizure_share:
        gain = gaussian_filter1d(gain, EDGE_S * rate_hz, axis=0, mode="nearest")
    if noise.modulation:
        decay = np.exp(-1 / (noise.modulation_s * rate_hz))
        slow = rng.standard_normal((n_samples, n_electrodes))
        slow[0] /= np.sqrt(1 - decay**2)
        slow = lfilter([1.0], [1.0, -decay], slow, axis=0) * np.sqrt(1 - decay**2)
        gain *= np.exp(noise.modulation * slow)
    return gain


def spikes(
    rng: np.random.Generator, noise: Noise, n_samples: int, n_electrodes: int, rate_hz: float
) -> np.ndarray:
    """Return the spikes of each electrode, (n_samples, n_electrodes), in SDs of the noise."""
    made = np.zeros((n_samples, n_electrodes))
    minutes = n_samples / rate_hz / 60
    for e in range(n_electrodes):
        at = rng.integers(n_samples, size=rng.poisson(noise.spikes_per_min * minutes))
        np.add.at(made[:, e], at, noise.spike_sd * rng.standard_t(3, len(at)))
    width = noise.spike_s * rate_hz
    # A spike's peak keeps its size, whatever its width.
    return np.asarray(
        gaussian_filter1d(made, width, axis=0, mode="constant") * np.sqrt(2 * np.pi) * width
    )


def disturbed(
    rng: np.random.Generator, noise: Noise, series: np.ndarray, rate_hz: float
) -> np.ndarray:
    """Return noise as patients' electrodes have it.

    Parameters
    ----------
    rng
        Source of all events.
    noise
        What is done.
    series
        (n_samples, n_electrodes) stationary noise of unit variance.
    rate_hz
        Samples per second.

    Returns
    -------
    np.ndarray
        Of the same shape; without options the series itself, and no number is drawn. Between
        bursts, seizures and spikes the variance stays what it was.
    """
    if noise == Noise():
        return series
    n_samples, n_electrodes = series.shape
    gain = amplitude(rng, noise, n_samples, n_electrodes, rate_hz)
    mixed = np.asarray(shared(rng, noise, series) * gain)
    if noise.spikes_per_min:
        mixed += spikes(rng, noise, n_samples, n_electrodes, rate_hz)
    return mixed
