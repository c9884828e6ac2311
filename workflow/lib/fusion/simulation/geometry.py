"""What a simulation takes from a recording: when its events were, its bins, and how its noise
varies in time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfreqz, welch

from fusion.io.labelled import open_labelled
from fusion.simulation.spec import WorldSpec

# Simulated time runs at this rate; responses are means over windows of 0.1 s or more.
RATE_HZ = 20.0
# Between films, and after the last event (s).
PAD_S = 10.0


@dataclass(frozen=True)
class Geometry:
    """Events, bins and noise of a simulated recording.

    Attributes
    ----------
    onset_s, stimulus
        Film time (s) and film of each event (n).
    bins_ms
        Centres of the response bins (B).
    bin_width_ms
        Width of a bin.
    n_electrodes
        Electrodes of one simulated subject.
    freq_hz, power
        Spectrum of the binned noise, up to a factor.
    high_pass_hz
        High-pass that recordings went through, which everything simulated goes through too; False
        for none.
    """

    onset_s: np.ndarray
    stimulus: np.ndarray
    bins_ms: np.ndarray
    bin_width_ms: float
    n_electrodes: int
    freq_hz: np.ndarray
    power: np.ndarray
    high_pass_hz: float | bool

    def __post_init__(self) -> None:
        """Put the events in order of film and time."""
        order = np.lexsort((self.onset_s, self.stimulus))
        object.__setattr__(self, "onset_s", np.asarray(self.onset_s, float)[order])
        object.__setattr__(self, "stimulus", np.asarray(self.stimulus)[order])

    @property
    def clock_s(self) -> np.ndarray:
        """(n,) times of the events on one clock, film after film."""
        clock, start = np.empty(len(self.onset_s)), PAD_S
        for film in np.unique(self.stimulus):
            rows = self.stimulus == film
            clock[rows] = start + self.onset_s[rows] - self.onset_s[rows].min()
            start = clock[rows].max() + PAD_S
        return clock

    @property
    def minutes(self) -> float:
        """Minutes of film between the first and the last event, over films."""
        return float(
            sum(np.ptp(self.onset_s[self.stimulus == film]) for film in np.unique(self.stimulus))
            / 60
        )


def of_recording(path: str | Path, spec: WorldSpec) -> Geometry:
    """Return the geometry of a recording, its bins thinned out to ``spec.step_ms``.

    Parameters
    ----------
    path
        A file of responses.
    spec
        Width and distance of the bins, high-pass, and the number of electrodes simulated.

    Returns
    -------
    Geometry
        With the mean spectrum of at most 32 electrodes.
    """
    with open_labelled(path) as file:
        bins, onset_s = file["bin_ms"].values.astype(float), file["onset_s"].values.astype(float)
        stimulus = np.full(len(onset_s), file.attrs["stimulus"])
        n_electrodes = spec.electrodes or file.sizes["electrode"]
        some = file["response"][:, :: -(-file.sizes["electrode"] // 32)].values
    freq_hz, power = noise_spectrum(some, onset_s, stimulus, bins)
    own = Geometry(
        onset_s,
        stimulus,
        bins,
        spec.bin_width_ms,
        n_electrodes,
        freq_hz,
        power,
        spec.high_pass_hz,
    )
    return coarse(own, spec.step_ms)


def coarse(geometry: Geometry, step_ms: float) -> Geometry:
    """Return the geometry with bins at least ``step_ms`` apart."""
    bins = geometry.bins_ms
    step = max(1, round(step_ms / np.diff(bins).min())) if len(bins) > 1 else 1
    return replace(geometry, bins_ms=bins[::step])


def lasting(geometry: Geometry, minutes: float, rng: np.random.Generator) -> Geometry:
    """Return the geometry of ``minutes`` of film: cut short, or carried on with intervals drawn
    from its own.
    """
    intervals = np.concatenate(
        [
            np.diff(geometry.onset_s[geometry.stimulus == film])
            for film in np.unique(geometry.stimulus)
        ]
    )
    if minutes <= geometry.minutes:
        kept = np.searchsorted(geometry.clock_s, geometry.clock_s[0] + 60 * minutes)
        return replace(geometry, onset_s=geometry.onset_s[:kept], stimulus=geometry.stimulus[:kept])
    more = int(np.ceil(60 * (minutes - geometry.minutes) / intervals.mean()))
    onset = np.concatenate(
        [geometry.clock_s, geometry.clock_s[-1] + np.cumsum(rng.choice(intervals, more))]
    )
    return replace(geometry, onset_s=onset, stimulus=np.full(len(onset), "film"))


def transfer(freq_hz: np.ndarray, bin_width_ms: float, high_pass_hz: float | bool) -> np.ndarray:
    """Return the gain of averaging over a bin and of the zero-phase 4th-order high-pass at each
    frequency.
    """
    gain = np.sinc(freq_hz * bin_width_ms / 1000)
    if high_pass_hz:
        sos = butter(
            4, high_pass_hz, "highpass", fs=2 * max(freq_hz.max(), high_pass_hz * 4), output="sos"
        )
        gain = (
            gain
            * np.abs(sosfreqz(sos, worN=freq_hz, fs=2 * max(freq_hz.max(), high_pass_hz * 4))[1])
            ** 2
        )
    return gain


def synthetic(
    rng: np.random.Generator,
    n_events: int,
    bins_ms: np.ndarray,
    n_electrodes: int = 20,
    spacing_s: float = 0.35,
    bin_width_ms: float = 200.0,
    exponent: float = 1.0,
    high_pass_hz: float | bool = 0.1,
) -> Geometry:
    """Return a word-like geometry: gamma-distributed intervals and noise of power 1/f^exponent."""
    onset = 3 + np.cumsum(rng.gamma(4.0, spacing_s / 4, n_events))
    freq = np.linspace(0, RATE_HZ / 2, 20001)
    power = transfer(freq, bin_width_ms, high_pass_hz) ** 2 * np.r_[0, freq[1:] ** -exponent]
    return Geometry(
        onset,
        np.full(n_events, "film"),
        np.asarray(bins_ms, float),
        bin_width_ms,
        n_electrodes,
        freq,
        power,
        high_pass_hz,
    )


def noise_spectrum(
    responses: np.ndarray, onset_s: np.ndarray, stimulus: np.ndarray, bins_ms: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean spectrum of recorded responses: overlapping windows laid back on the film's
    clock, Welch's method.

    Parameters
    ----------
    responses
        (n, E, B); electrodes with missing values are left out.
    onset_s, stimulus
        (n,) film time (s) and film.
    bins_ms
        (B,) centres.

    Returns
    -------
    freq_hz, power
        Each electrode counts with unit variance; frequencies up to 5 Hz.
    """
    rate = RATE_HZ / 2
    sound = np.isfinite(responses).all(axis=(0, 2)) & (responses.std(axis=(0, 2)) > 0)
    total, freq = np.zeros(1), np.zeros(1)
    length = min(200.0, min(np.ptp(onset_s[stimulus == film]) for film in np.unique(stimulus)))
    for film in np.unique(stimulus):
        rows = stimulus == film
        at = np.round((onset_s[rows, None] + bins_ms / 1000) * rate).astype(int)
        at -= at.min()
        count = np.bincount(at.ravel(), minlength=at.max() + 1)
        seen = np.flatnonzero(count)
        for electrode in np.flatnonzero(sound):
            values = responses[rows, electrode]
            series = np.bincount(at.ravel(), values.ravel())[seen] / count[seen]
            series = np.interp(np.arange(len(count)), seen, series)
            freq, power = welch(
                (series - series.mean()) / series.std(), rate, nperseg=int(length * rate)
            )
            total = total + power
    return freq, total
