"""Worlds in which the truth is planted: what electrodes follow, what models know, and the responses
that come of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from fusion.ids import TRAINED, TRUE, FitId, unique
from fusion.seeds import rng_for
from fusion.simulation.geometry import RATE_HZ, Geometry, transfer
from fusion.simulation.noise import NOISES, Noise, disturbed
from fusion.simulation.spec import ComparisonSpec, SideSpec, SimulationSpec
from fusion.simulation.worlds import drifting, rotation

# What a model of each modality knows of a film; the rest of its features is its own and leads
# nowhere.
KNOWS = {"vision": ("v",), "language": ("l",), "vision-language": ("v", "l", "b", "vl")}
# Vision-language models that learnt no more than vision models did: two models of equal
# information, the exact null of their contrast.
EQUAL = {**KNOWS, "vision-language": ("v",)}
SLOTS = 4
# The k-th direction of a stream has an SD of k ** -STEEPNESS in a model's features. Networks put
# most of their variance into few directions (the demo's put 85 to 98% into 5 of 64), and only then
# does the choice of a penalty add to the variance of a score.
STEEPNESS = 1.0
STATIONARY = NOISES["gaussian"]


@dataclass(frozen=True)
class World:
    """A planted truth.

    Attributes
    ----------
    follows
        Latent -> its part of the variance of the signal: v (vision), l (language), b (a better
        vision code that only vision-language models have), vl (products of vision and language).
        Empty: no effect.
    drift
        SD of a slow drift (time constant 60 s) of the electrode, in SDs of its noise, before the
        high-pass.
    taus_s
        Time constants of the film's features.
    knows
        Modality of a model -> the latents it knows.
    """

    follows: dict[str, float]
    drift: float = 0.0
    taus_s: tuple[float, ...] = (30.0, 2.0)
    knows: dict[str, tuple[str, ...]] = field(default_factory=KNOWS.copy)


WORLDS = {
    "none": World({}),
    "drift": World({}, drift=3.0, taus_s=(60.0, 10.0)),
    "equal": World({"v": 1.0}, knows=EQUAL),
    "equal_drift": World({"v": 1.0}, drift=3.0, taus_s=(60.0, 10.0), knows=EQUAL),
    "vision": World({"v": 1.0}),
    "vision_drift": World({"v": 1.0}, drift=3.0, taus_s=(60.0, 10.0)),
    "language": World({"l": 1.0}),
    "additive": World({"v": 0.5, "l": 0.5}),
    "better_vision": World({"v": 0.5, "b": 0.5}),
    "interaction": World({"v": 0.25, "l": 0.25, "vl": 0.5}),
}
# Electrodes of a mixed world take turns: sites among electrodes that follow one stream or nothing.
MIXED = ("none", "vision", "language", "interaction")


def kinds_of(name: str) -> dict[str, World]:
    """Return the kinds of electrodes in a world by name: itself, or those of ``mixed``."""
    return {kind: WORLDS[kind] for kind in (MIXED if name == "mixed" else (name,))}


def latents(
    rng: np.random.Generator, clock_s: np.ndarray, width: int, taus_s: tuple[float, ...]
) -> dict[str, np.ndarray]:
    """Return the streams of a film: v, l, b and their products vl, each (n, width) with mean 0 and
    variance 1.
    """
    streams = {name: drifting(rng, clock_s, width, taus_s) for name in ("v", "l", "b")}
    product = streams["v"] * streams["l"]
    return {**streams, "vl": (product - product.mean(0)) / product.std(0)}


def knows(fit: FitId, world: World, spec: SimulationSpec) -> tuple[str, ...]:
    """Return the latents that the model of a fit knows.

    An untrained model knows none, nor does one that sees shuffled pairs. A concatenation knows
    what its parts know.
    """
    if fit.init != TRAINED or fit.pairing != TRUE:
        return ()
    models = spec.parts.get(fit.model, (fit.model,))
    known: tuple[str, ...] = unique(
        name for model in models for name in world.knows.get(spec.modality[model], ())
    )
    return known


def features(
    fit: FitId,
    streams: dict[str, np.ndarray],
    clock_s: np.ndarray,
    world: World,
    *,
    spec: SimulationSpec,
    seed: int,
) -> np.ndarray:
    """Return the features of a fit's model, (n_events, 4 * width).

    They are what the model knows and streams of its own, steep and rotated. Those of a
    concatenation are its parts' side by side.
    """
    if fit.model in spec.parts:
        return np.hstack(
            [
                features(replace(fit, model=part), streams, clock_s, world, spec=spec, seed=seed)
                for part in spec.parts[fit.model]
            ]
        )
    rng = rng_for(seed, "features", str(fit))
    width = streams["v"].shape[1]
    known = [streams[name] for name in knows(fit, world, spec)]
    own = [drifting(rng, clock_s, width, world.taus_s) for _ in range(SLOTS - len(known))]
    steep = np.arange(1, width + 1) ** -STEEPNESS
    made: np.ndarray = np.hstack([stream * steep for stream in known + own])
    return np.asarray(made @ rotation(rng, SLOTS * width))


def signal(
    rng: np.random.Generator,
    streams: dict[str, np.ndarray],
    follows: dict[str, float],
    n_electrodes: int,
) -> np.ndarray:
    """Return what electrodes follow (n, E), of unit variance: random weightings of the latents by
    their parts; 0 for no effect.
    """
    n = len(streams["v"])
    total = np.zeros((n, n_electrodes))
    for name, part in follows.items():
        weighted = streams[name] @ rng.standard_normal((streams[name].shape[1], n_electrodes))
        total += np.sqrt(part) * weighted / weighted.std(0)
    return np.asarray(total / total.std(0)) if follows else total


def respond(
    rng: np.random.Generator,
    geometry: Geometry,
    values: np.ndarray,
    effect: float,
    drift: float,
    noise: Noise = STATIONARY,
) -> np.ndarray:
    """Return binned responses (n, E, B) float32.

    Every event evokes a bump (peak 0.45 s after it, SD 0.2 s) whose height is its value times
    ``effect`` SDs of the binned noise; ``drift`` SDs of Ornstein-Uhlenbeck drift are added; all is
    averaged in bins and high-passed as the recordings were (the noise's spectrum is that of noise
    after both)."""
    clock = geometry.clock_s
    n_samples = int((clock[-1] + 10) * RATE_HZ)
    freq = np.fft.rfftfreq(n_samples, 1 / RATE_HZ)
    shape = (len(freq), values.shape[1])

    def gaussian(power: np.ndarray) -> np.ndarray:
        spectrum = np.sqrt(power)[:, None] * (
            rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
        )
        series = np.fft.irfft(spectrum, n_samples, axis=0)
        return np.asarray(series / series.std(axis=0))

    power = np.interp(freq, geometry.freq_hz, geometry.power, right=0.0)
    power[0] = 0
    series = disturbed(rng, noise, gaussian(power), RATE_HZ)
    gain = transfer(freq, geometry.bin_width_ms, geometry.high_pass_hz)[:, None]
    added = np.zeros((n_samples, values.shape[1]))
    np.add.at(added, np.round(clock * RATE_HZ).astype(int), effect * values)
    lag = np.arange(0, 1.25, 1 / RATE_HZ)
    bump = np.exp(-0.5 * ((lag - 0.45) / 0.2) ** 2)
    spectrum = np.fft.rfft(added, axis=0) * np.fft.rfft(bump, n_samples)[:, None]
    if drift:
        spectrum += drift * np.fft.rfft(gaussian(1 / (1 + (2 * np.pi * 60 * freq) ** 2)), axis=0)
    series += np.fft.irfft(spectrum * gain, n_samples, axis=0)
    at = np.round((clock[:, None] + geometry.bins_ms / 1000) * RATE_HZ).astype(int)
    binned = series[np.clip(at, 0, n_samples - 1)]
    return np.asarray(binned.transpose(0, 2, 1).astype(np.float32))


def differs(contrast: ComparisonSpec, world: World, spec: SimulationSpec) -> bool:
    """Return whether a contrast's alternative is true in a world.

    It is where side a knows more than side b of what the electrode follows.
    """

    def captured(side: SideSpec | None) -> float:
        if side is None:
            return 0.0
        shares = [
            sum(world.follows.get(name, 0.0) for name in knows(FitId.parse(fit), world, spec))
            for fit in side.of
        ]
        return sorted(shares, reverse=True)[side.rank - 1]

    gain = captured(contrast.a) - captured(contrast.b)
    return abs(gain) > 1e-9 if contrast.alternative == "two-sided" else gain > 1e-9
