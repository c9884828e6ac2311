"""The demo's recordings: shafts of contacts, volume conduction along a shaft, and noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import fft

from fusion.demo.sources import strength

# What an analysis of slow evoked responses sees of a recording (Hz).
SEEN_HZ = (0.1, 2.5)
LINE_HZ = 60.0

# Each shaft: name, hemisphere, MNI coordinates (mm) of the deepest and the outermost contact, the
# regions that it crosses from deep to outer, and what is planted along it in turn.
SHAFTS = (
    (
        "A",
        "L",
        (-22, -82, 2),
        (-50, -74, 6),
        ("ctx-lh-lingual", "ctx-lh-lateraloccipital"),
        ("vision", "colour", "joint"),
    ),
    (
        "B",
        "L",
        (-36, -22, 6),
        (-66, -20, 2),
        ("ctx-lh-insula", "ctx-lh-superiortemporal"),
        ("language", "joint", "both"),
    ),
    (
        "C",
        "R",
        (32, -48, 34),
        (60, -44, 40),
        ("ctx-rh-inferiorparietal", "ctx-rh-supramarginal"),
        ("colour", "both", "joint"),
    ),
    (
        "D",
        "R",
        (28, -30, -14),
        (66, -28, -10),
        ("ctx-rh-parahippocampal", "ctx-rh-middletemporal"),
        ("language", "vision", "colour"),
    ),
    (
        "E",
        "L",
        (-24, 18, 44),
        (-46, 22, 50),
        ("ctx-lh-superiorfrontal", "ctx-lh-caudalmiddlefrontal"),
        ("joint", "language", "vision"),
    ),
)


#: A shaft along the auditory cortex, all of whose sources follow the voice.
VOICE_SHAFT = (
    "V",
    "L",
    (-38, -26, 10),
    (-64, -16, 4),
    ("ctx-lh-transversetemporal", "ctx-lh-superiortemporal"),
    ("voice",),
)
VOICE_CONTACTS = 5
COLUMNS = (
    "electrode",
    "shaft",
    "contact",
    "x",
    "y",
    "z",
    "region",
    "hemisphere",
    "planted",
    "status",
)


def implant(subject: str, shafts: int, contacts: int, rng: np.random.Generator) -> pd.DataFrame:
    """Place a subject's contacts and decide what is planted where.

    Sources sit on every second contact, counted from the second one of a shaft, so that no two are
    neighbours and none is at a shaft's end. The outermost contact of the last shaft is bad.

    Returns
    -------
    DataFrame
        One row per contact: ``electrode, shaft, contact`` (1 is the deepest), ``x, y, z`` (mm),
        ``region, hemisphere, planted, status``.
    """
    rows = []
    for s in range(shafts):
        shaft = SHAFTS[s % len(SHAFTS)]
        rows += _shaft(shaft, "" if s < len(SHAFTS) else str(s // len(SHAFTS)), contacts, rng)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table.loc[table.index[-1], "status"] = "bad"
    return table


def implant_voice(rng: np.random.Generator) -> pd.DataFrame:
    """Return the contacts of the shaft whose sources follow the voice, as :func:`implant` does."""
    return pd.DataFrame(_shaft(VOICE_SHAFT, "", VOICE_CONTACTS, rng), columns=list(COLUMNS))


def _shaft(
    shaft: tuple[Any, ...], number: str, contacts: int, rng: np.random.Generator
) -> list[tuple[Any, ...]]:
    name, hemisphere, deep, outer, regions, kinds = shaft
    name += number
    moved = rng.uniform(-3, 3, 3)
    turn = int(rng.integers(len(kinds)))
    rows = []
    for c in range(contacts):
        part = c / (contacts - 1)
        x, y, z = np.array(deep) * (1 - part) + np.array(outer) * part + moved
        inside = c % 2 == 1 and c < contacts - 1
        planted = kinds[(c // 2 + turn) % len(kinds)] if inside else "none"
        region = regions[min(int(part * len(regions)), len(regions) - 1)]
        rows.append((f"{name}{c + 1}", name, c + 1, x, y, z, region, hemisphere, planted, "good"))
    return rows


def conduction(source: int, contacts: int) -> np.ndarray:
    """Return what each contact of a shaft sees of a source at contact ``source`` (index), so that
    its Laplacian is 1 there.

    The potential of a planar current source falls linearly with distance on either side
    (one-dimensional Poisson equation, as in laminar current-source density; Nicholson and Freeman
    1975), here down to 0 at the shaft's ends. The Laplacian, a second difference, is therefore 0 at
    every inner contact but the source's own: a re-referenced recording shows the source where it
    is, an unreferenced one shows it along the whole shaft."""
    position = np.arange(contacts)
    potential = np.minimum(position / source, (contacts - 1 - position) / (contacts - 1 - source))
    return potential / (0.5 / source + 0.5 / (contacts - 1 - source))


def pink_noise(channels: int, samples: int, sfreq: float, rng: np.random.Generator) -> np.ndarray:
    """Return (channel, sample) noise whose power falls as 1/f above 0.1 Hz (flat below), SD 1
    within ``SEEN_HZ``.
    """
    n = fft.next_fast_len(samples, real=True)
    freqs = fft.rfftfreq(n, 1 / sfreq)
    amplitude = 1 / np.sqrt(np.maximum(freqs, SEEN_HZ[0]))
    amplitude[0] = 0
    seen = (freqs >= SEEN_HZ[0]) & (freqs <= SEEN_HZ[1])
    # each frequency contributes 2 (2 amplitude^2) / n^2 to the variance
    scale = n / 2 / np.sqrt((amplitude[seen] ** 2).sum())
    noise = np.empty((channels, samples), np.float32)
    for row in noise:
        spectrum = rng.standard_normal((len(freqs), 2), np.float32) @ np.array(
            [1, 1j], np.complex64
        )
        row[:] = fft.irfft(spectrum * (scale * amplitude).astype(np.float32), n)[:samples]
    return noise


def seen_sd(course: np.ndarray, sfreq: float) -> float:
    """Return the SD of a time course within ``SEEN_HZ``."""
    spectrum = fft.rfft(course)
    freqs = fft.rfftfreq(len(course), 1 / sfreq)
    spectrum[(freqs < SEEN_HZ[0]) | (freqs > SEEN_HZ[1])] = 0
    return float(fft.irfft(spectrum, len(course)).std())


def record(
    contacts: pd.DataFrame,
    sources: dict[str, np.ndarray],
    lead_s: float,
    tail_s: float,
    sfreq: float,
    effect: float,
    rng: np.random.Generator,
    noise_uv: float = 15.0,
) -> np.ndarray:
    """Return the recording (contact, sample) in microvolts.

    Parameters
    ----------
    contacts
        As :func:`implant` returns them.
    sources
        Electrode -> time course of its source during the film.
    lead_s, tail_s
        How long the recording goes on before and after the film (s).
    effect
        SD of a planted source over SD of the noise, both after the Laplacian and within
        ``SEEN_HZ``; of one that follows two things, of each of them
        (:func:`fusion.demo.sources.strength`).
    noise_uv
        SD of each contact's own noise within ``SEEN_HZ``.
    """
    film = len(next(iter(sources.values())))
    lead, tail = round(lead_s * sfreq), round(tail_s * sfreq)
    n = lead + film + tail
    data = noise_uv * pink_noise(len(contacts), n, sfreq, rng)
    # independent noise on a contact and on its two neighbours: variance 1 + 1/4 + 1/4 after the
    # Laplacian
    amplitude = effect * noise_uv * np.sqrt(1.5)
    for electrode, course in sources.items():
        row = contacts.loc[contacts["electrode"] == electrode].iloc[0]
        shaft = np.flatnonzero(contacts["shaft"] == row["shaft"])
        seen = conduction(row["contact"] - 1, len(shaft))
        data[shaft, lead : lead + film] += (
            strength(row["planted"])
            * amplitude
            / seen_sd(course, sfreq)
            * seen[:, None]
            * course[None]
        ).astype(np.float32)
    # what the reference electrode picks up is on every contact alike; the mains also enter each
    # contact on its own
    shared = 2 * noise_uv * pink_noise(1, n, sfreq, rng)[0]
    for harmonic, strength_uv in ((1, 20.0), (2, 6.0)):
        mains = np.sin(2 * np.pi * harmonic * LINE_HZ * np.arange(n) / sfreq).astype(np.float32)
        own = rng.uniform(0, strength_uv / 2, (len(contacts), 1)).astype(np.float32)
        data += own * mains
        shared += strength_uv * mains
    data += shared
    for bad in np.flatnonzero(contacts["status"] == "bad"):
        data[bad] += 400 * rng.standard_normal(n, np.float32)
    return data
