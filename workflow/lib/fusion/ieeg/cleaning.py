"""From recorded to clean signals, one channel at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial

import numpy as np
import pandas as pd

from fusion.ieeg import filters
from fusion.ieeg.spec import CleaningSpec
from fusion.io.errors import InputError

Filter = Callable[[np.ndarray], np.ndarray]


def clean(
    montage: pd.DataFrame,
    read: Callable[[str], np.ndarray],
    sfreq: float,
    line_hz: float | None,
    spec: CleaningSpec,
    segments: Sequence[slice] = (slice(None),),
) -> Iterator[np.ndarray]:
    """Yield the clean signal of each row of ``montage``, (n_samples,) float32.

    Order: re-reference, high-pass, notch, high gamma, despike, z-score. The filters are linear, so
    re-referencing first equals filtering every contact first, at a third of the work.

    Parameters
    ----------
    montage
        As :func:`fusion.ieeg.reference.montage` returns it.
    read
        Contact -> its signal, (n_samples,) float32.
    sfreq
        Sampling rate (Hz).
    line_hz
        Line frequency; None where it is not known (no notch).
    spec
        Filters, despiking, z-scoring.
    segments
        Continuous pieces of the signals. Each is filtered by itself, its ends mirrored.
    """
    read = lru_cache(maxsize=4)(read)
    averages = group_averages(montage, read)
    lines = filters.line_frequencies(line_hz, spec.notch_harmonics, sfreq) if line_hz else []
    steps = [step for step in (linear(lines, sfreq, spec), high_gamma(sfreq, spec)) if step]
    for plus, minus, group in zip(montage["plus"], montage["minus"], montage["group"], strict=True):
        x = minus_mean(read(plus), [read(name) for name in minus])
        if group:
            x -= averages[group]
        x = filtered(x, steps, segments)
        if spec.despike_sd:
            x = despike(x, spec.despike_sd)
        if spec.zscore:
            x = zscore(x)
        yield np.asarray(x, np.float32)


def filtered(x: np.ndarray, steps: Sequence[Filter], segments: Sequence[slice]) -> np.ndarray:
    """Return a signal (n_samples,) with every segment filtered by itself."""
    out: np.ndarray = x
    for k, piece in enumerate(segments):
        part = x[piece]
        for step in steps:
            part = step(part)
        if len(segments) == 1:
            return part
        if k == 0:
            out = np.empty(len(x), part.dtype)
        out[piece] = part
    return out


def minus_mean(signal: np.ndarray, others: list[np.ndarray]) -> np.ndarray:
    """Return ``signal`` minus the mean of ``others`` (n_samples,) float64."""
    if not others:
        return signal.astype(np.float64)
    mean = others[0].astype(np.float64)
    for other in others[1:]:
        mean += other
    if len(others) > 1:
        mean /= len(others)
    np.subtract(signal, mean, out=mean)
    return mean


def check(spec: CleaningSpec, sfreq: float) -> None:
    """Raise ``InputError`` for a filter that a recording's sampling rate (Hz) does not allow."""
    asked = {"high_pass_hz": (spec.high_pass_hz or 0.0,), "high_gamma_hz": spec.high_gamma_hz or ()}
    for key, edges in asked.items():
        if any(edge >= sfreq / 2 for edge in edges):
            raise InputError(
                "config",
                f"key ieeg.{key}",
                f"{max(edges):g} Hz in a recording of {sfreq:g} Hz",
                f"less than half of its rate, {sfreq / 2:g} Hz",
            )


def shortest_s(spec: CleaningSpec) -> float:
    """Return how long a segment must be to be filtered (s): a period of the high-pass."""
    return 1 / spec.high_pass_hz if spec.high_pass_hz else 0.0


def linear(lines: list[float], sfreq: float, spec: CleaningSpec) -> Filter | None:
    """Return the high-pass of ``spec`` and the notches at ``lines`` (Hz) as one function of a
    signal: one filter costs little more than the slower of the two. None without any.
    """
    sections = [filters.high_pass_sos(spec.high_pass_hz, sfreq)] if spec.high_pass_hz else []
    sections += [filters.notch_sos(lines, spec.notch_quality, sfreq)] if lines else []
    if not sections:
        return None
    sos = np.vstack(sections)
    return filters.ZeroPhaseFFT(sos) if spec.phase == "zero" else partial(filters.causal, sos)


def high_gamma(sfreq: float, spec: CleaningSpec) -> Filter | None:
    """Return the band amplitude of ``spec`` as a function of a signal; None without one."""
    if not spec.high_gamma_hz:
        return None
    return filters.band_amplitude(spec.high_gamma_hz, sfreq, spec.phase)


def group_averages(
    montage: pd.DataFrame, read: Callable[[str], np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the mean signal of each group of the montage, (n_samples,) float64."""
    averages = {}
    for group in sorted(set(montage["group"]) - {""}):
        contacts = list(montage.loc[montage["group"] == group, "plus"])
        total = read(contacts[0]).astype(np.float64)
        for name in contacts[1:]:
            total += read(name)
        averages[str(group)] = total / len(contacts)
    return averages


def despike(x: np.ndarray, sd: float) -> np.ndarray:
    """Return ``x`` with samples beyond ``sd`` robust standard deviations of its median clipped
    there (MAD / 0.6745).
    """
    middle = np.median(x)
    reach = sd * np.median(np.abs(x - middle)) / 0.6744897501960817
    clipped: np.ndarray = np.clip(x, middle - reach, middle + reach)
    return clipped


def zscore(x: np.ndarray) -> np.ndarray:
    """Return ``x`` minus its mean over its standard deviation, computed in float64; zeros where it
    is constant.
    """
    mean, sd = np.mean(x, dtype=np.float64), np.std(x, dtype=np.float64)
    z: np.ndarray = (x - mean) / sd if sd > 0 else np.zeros_like(x)
    return z
