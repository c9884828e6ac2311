"""Nine simulated worlds in which the answer to "does this electrode integrate?" is known.

A network M sees vision v and language l and offers a rotation of: what a vision network has too
(v), what a language network has too (l), a better vision code that no unimodal network has (b), and
products of vision and language (v * l). An electrode follows some of these, by its kind:

========================= =============================================== ===========
kind                      half of the signal, the other half              integrates
========================= =============================================== ===========
none                      nothing                                         no
vision                    v                                               no
language                  l                                               no
better vision             v, b                                            no
additive                  v, l                                            no
better additive           l, b                                            no
vision squared            v, v squared (in no network at all)             no
interaction               v + l, v * l                                    yes
better vision interaction b, v * l                                        yes
========================= =============================================== ===========

Responses are simulated in continuous time: words 0.35 s apart on average evoke overlapping
responses in 1/f noise, the sum is high-passed (or left with its drift) and averaged in bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, lfilter, sosfiltfilt

from fusion.simulation.noise import Noise, disturbed

KINDS = (
    "none",
    "vision",
    "language",
    "better vision",
    "additive",
    "better additive",
    "vision squared",
    "interaction",
    "better vision interaction",
)
INTEGRATES = ("interaction", "better vision interaction")
SFREQ_HZ = 20.0
STATIONARY = Noise()


@dataclass(frozen=True)
class Stream:
    """What happens in a simulated film: ``onset_s`` (event,) and latent features (event, width),
    each of unit variance.
    """

    onset_s: np.ndarray
    vision: np.ndarray
    language: np.ndarray
    better: np.ndarray


def drifting(
    rng: np.random.Generator,
    onset_s: np.ndarray,
    width: int,
    taus_s: Sequence[float] = (30.0, 2.0),
) -> np.ndarray:
    """Return features (event, width) that drift as films do: equal parts of autoregressive noise of
    each time constant.

    Columns have mean 0 and variance 1 over the events.
    """
    n_samples = int(onset_s[-1] * SFREQ_HZ) + 2
    at = (onset_s * SFREQ_HZ).astype(int)
    total = np.zeros((len(onset_s), width))
    for tau in taus_s:
        decay = np.exp(-1 / (tau * SFREQ_HZ))
        noise = rng.standard_normal((n_samples, width))
        noise[0] /= np.sqrt(1 - decay**2)
        total += (lfilter([1.0], [1.0, -decay], noise, axis=0) * np.sqrt(1 - decay**2))[at]
    return np.asarray((total - total.mean(0)) / total.std(0))


def simulate_stream(
    rng: np.random.Generator,
    n_events: int,
    width: int = 16,
    correlation: float = 0.0,
    spacing_s: float = 0.35,
) -> Stream:
    """Return a film's events and latent features; language correlates with vision, column by
    column, by ``correlation``.
    """
    onset_s = 3.0 + np.cumsum(rng.gamma(4.0, spacing_s / 4.0, n_events))
    vision, other, better = (drifting(rng, onset_s, width) for _ in range(3))
    language = correlation * vision + np.sqrt(1 - correlation**2) * other
    return Stream(onset_s, vision, language, better)


def network(
    vision: np.ndarray, language: np.ndarray, better: np.ndarray, rotation: np.ndarray
) -> np.ndarray:
    """Return the features (event, 4 * width) of a network that rotates [v, l, b, v * l]; ``better``
    belongs to the frames.
    """
    joined = np.hstack([vision, language, better, vision * language])
    return np.asarray(joined @ rotation)


def rotation(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return a random orthogonal matrix (size, size)."""
    q, r = np.linalg.qr(rng.standard_normal((size, size)))
    return np.asarray(q * np.sign(np.diag(r)))


def planted(
    rng: np.random.Generator, stream: Stream, kind: str, n_electrodes: int, share: float = 0.5
) -> np.ndarray:
    """Return the signal (event, electrode) that electrodes of a kind follow, of unit variance (0
    for ``none``).

    ``share`` is the part of the variance that the second half of the kind holds (see the table
    above)."""
    if kind == "none":
        return np.zeros((len(stream.onset_s), n_electrodes))
    v, l, b = stream.vision, stream.language, stream.better  # noqa: E741
    halves = {
        "vision": ([v], []),
        "language": ([l], []),
        "better vision": ([v], [b]),
        "additive": ([v], [l]),
        "better additive": ([l], [b]),
        "vision squared": ([v], [v**2]),
        "interaction": ([v, l], [v * l]),
        "better vision interaction": ([b], [v * l]),
    }[kind]
    total = np.zeros((len(stream.onset_s), n_electrodes))
    for parts, weight in zip(halves, (1 - share, share), strict=True):
        if parts:
            half = np.zeros_like(total)
            for part in parts:
                half += _unit(part @ rng.standard_normal((part.shape[1], n_electrodes)))
            total += np.sqrt(weight) * _unit(half)
    return _unit(total)


def respond(
    rng: np.random.Generator,
    onset_s: np.ndarray,
    signal: np.ndarray,
    bins_s: np.ndarray,
    bin_s: float = 0.2,
    snr: float = 0.5,
    high_pass_hz: float | None = 0.1,
    exponent: float = 1.0,
    noise: Noise = STATIONARY,
) -> np.ndarray:
    """Return binned responses (event, electrode, bin) float32.

    Each event evokes a bump (peak at 0.45 s, SD 0.2 s) with the event's signal as its height, on
    noise of spectrum 1/f^``exponent``. The noise's SD above 0.1 Hz is 1 and a bump's peak is
    ``snr`` times the signal.

    Parameters
    ----------
    onset_s
        (event,) film time in s.
    signal
        (event, electrode).
    bins_s
        (bin,) centres relative to the event in s.
    bin_s
        Width of a bin in s.
    snr
        Peak of the evoked response per unit of signal over the noise's SD above 0.1 Hz.
    high_pass_hz
        4th-order zero-phase Butterworth on the sum; None leaves the drift in.
    exponent
        Of the noise's power spectrum.
    noise
        What is done to it.
    """
    n_electrodes = signal.shape[1]
    n = int((onset_s[-1] + 6.0) * SFREQ_HZ)
    background = disturbed(rng, noise, one_over_f(rng, n, n_electrodes, exponent), SFREQ_HZ)
    impulses = np.zeros((n, n_electrodes))
    np.add.at(impulses, np.round(onset_s * SFREQ_HZ).astype(int), signal)
    lag = np.arange(0, 1.2, 1 / SFREQ_HZ)
    kernel = np.exp(-0.5 * ((lag - 0.45) / 0.2) ** 2)
    series = background + snr * lfilter(kernel, [1.0], impulses, axis=0)
    if high_pass_hz:
        series = sosfiltfilt(
            butter(4, high_pass_hz, "highpass", fs=SFREQ_HZ, output="sos"), series, axis=0
        )
    total = np.vstack([np.zeros((1, n_electrodes)), np.cumsum(series, 0)])
    width = int(round(bin_s * SFREQ_HZ))
    first = np.round((onset_s[:, None] + bins_s - bin_s / 2) * SFREQ_HZ).astype(int)
    binned = (total[first + width] - total[first]) / width
    return np.asarray(binned.transpose(0, 2, 1).astype("float32"))


def one_over_f(rng: np.random.Generator, n: int, n_series: int, exponent: float) -> np.ndarray:
    """Return noise (n, n_series) with power 1/f^exponent, scaled so that its SD above 0.1 Hz is
    1.
    """
    freq = np.fft.rfftfreq(n, 1 / SFREQ_HZ)
    amplitude = np.r_[0.0, freq[1:] ** (-exponent / 2)]
    spectrum = amplitude[:, None] * (
        rng.standard_normal((len(freq), n_series)) + 1j * rng.standard_normal((len(freq), n_series))
    )
    above = np.sqrt(np.sum(amplitude[freq >= 0.1] ** 2) / np.sum(amplitude**2))
    noise = np.fft.irfft(spectrum, n, axis=0)
    return np.asarray(noise / (noise.std() * above))


def _unit(x: np.ndarray) -> np.ndarray:
    x = x - x.mean(0)
    return np.asarray(x / x.std(0))
