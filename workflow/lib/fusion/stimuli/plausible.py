"""Whether words and cuts can belong to a film: unit, zero, order and number, judged together.

What does not fit is an error with the likely reason and the key that settles it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fusion.io.errors import InputError

#: Share of words or cuts that may lie outside the film.
OUTSIDE = 0.5
#: Share of words outside the film from which the two differ, and how many at least.
BEYOND, BEYOND_WORDS = 0.05, 3
#: More words a second than anyone speaks, over a whole transcript.
FASTEST_HZ = 10.0
#: Median length of a word (s), in any language and aligner.
SHORTEST_S, LONGEST_S = 0.01, 5.0
#: Share of words that may begin before the word above them.
DISORDER = 0.3
RATES = {
    "milliseconds": 1000.0,
    "samples at 44.1 kHz": 44_100.0,
    "samples at 48 kHz": 48_000.0,
    "samples at 16 kHz": 16_000.0,
    "samples at 8 kHz": 8_000.0,
    "100 ns, as HTK counts": 1e7,
}


def check_words(
    onset_s: np.ndarray,
    end_s: float,
    rate_hz: float | None,
    file: str | Path,
    film: str,
    *,
    length_s: np.ndarray | None = None,
    strict: bool = True,
) -> str:
    """Return a warning, empty if all is well.

    Parameters
    ----------
    onset_s
        (n_words,) onsets in spoken order (s).
    end_s
        Length of the film (s).
    rate_hz
        Pictures a second; None without pictures.
    file, film
        The transcript and the name of the film, for messages.
    length_s
        (n_words,) lengths of the words (s), where they are known.
    strict
        Raise rather than return what does not fit.

    Raises
    ------
    InputError
        If the words cannot belong to the film, and ``strict``.
    """
    lengths = np.zeros(0) if length_s is None else length_s[length_s > 0]
    typical = float(np.median(lengths)) if len(lengths) >= 5 else 0.3
    onset_s = onset_s[np.isfinite(onset_s)]
    if not len(onset_s):
        return ""
    outside = (onset_s < 0) | (onset_s > end_s)
    span = float(np.quantile(onset_s, 0.95) - np.quantile(onset_s, 0.05)) / 0.9
    found = accepted = ""
    if outside.mean() > OUTSIDE:
        found = (
            f"{outside.sum()} of {len(onset_s)} words outside the film of {end_s:.3f} s"
            f" ({onset_s.min():.3f} to {onset_s.max():.3f} s)"
        )
        accepted = _unit(onset_s, end_s, rate_hz, film)
    elif not SHORTEST_S <= typical <= LONGEST_S:
        found = f"words of {typical:.6g} s in the median"
        accepted = _unit_of_lengths(typical, rate_hz, film)
    elif (lost := int(outside.sum())) >= max(BEYOND_WORDS, BEYOND * len(onset_s)):
        found = (
            f"{lost} of {len(onset_s)} words outside the film, which ends at {end_s:.3f} s (they"
            f" begin from {onset_s.min():.3f} to {onset_s.max():.3f} s)"
        )
        accepted = (
            "words of this film; it may have been cut short (a broken download?), be another cut"
            f" of it, or its words count from another moment (stimuli.{film}.transcript.zero_s)"
        )
    elif len(onset_s) >= 20 and (span <= 0 or len(onset_s) / span > FASTEST_HZ):
        found = (
            f"{len(onset_s)} words in {span:.3f} s, {len(onset_s) / max(span, 1e-9):.0f} a second"
        )
        accepted = (
            "times in seconds of the film: these may be minutes"
            f" (stimuli.{film}.transcript.unit: {1 / 60:.6f})"
        )
    elif len(onset_s) >= 20 and (np.diff(onset_s) < 0).mean() > DISORDER:
        found = f"{(np.diff(onset_s) < 0).sum()} of {len(onset_s)} words before the word above them"
        accepted = "words in spoken order: another column of times, or one tier"
    if not found:
        return ""
    accepted += f"; if it is right as it is, stimuli.{film}.implausible: report"
    if strict:
        raise InputError(file, "onsets", found, accepted)
    return f"found {found}; expected {accepted}"


def _unit_of_lengths(typical: float, rate_hz: float | None, film: str) -> str:
    """Return in which unit words of a usual length have the length ``typical``."""
    rates = {**RATES, "minutes": 1 / 60, **({"frames": rate_hz} if rate_hz else {})}
    name = min(rates, key=lambda one: abs(np.log(typical / rates[one] / 0.25)))
    unit = "ms" if name == "milliseconds" else f"{rates[name]:.6g}"
    return f"seconds; these look like {name} (stimuli.{film}.transcript.unit: {unit})"


def check_cuts(
    onset_s: np.ndarray,
    end_s: float,
    rate_hz: float | None,
    file: str | Path,
    film: str,
    *,
    strict: bool = True,
) -> str:
    """Return a warning for cuts that cannot belong to the film, as :func:`check_words` does."""
    onset_s = onset_s[np.isfinite(onset_s)]
    outside = (onset_s < 0) | (onset_s > end_s)
    if not len(onset_s) or outside.mean() <= OUTSIDE:
        return ""
    found = f"{outside.sum()} of {len(onset_s)} cuts outside the film of {end_s:.3f} s"
    accepted = _unit(onset_s, end_s, rate_hz, film, key="scene_cuts")
    accepted += f"; if it is right as it is, stimuli.{film}.implausible: report"
    if strict:
        raise InputError(file, "onsets", found, accepted)
    return f"found {found}; expected {accepted}"


def _unit(
    onset_s: np.ndarray, end_s: float, rate_hz: float | None, film: str, key: str = "transcript"
) -> str:
    """Return what the times are most likely, and the key that says so."""
    rates = {**({"frames": rate_hz} if rate_hz else {}), **RATES}
    # The unit in which nearly all fits, and the last reaches furthest into the film.
    fitting = [
        (onset_s.max() / rate, name)
        for name, rate in rates.items()
        if ((onset_s / rate >= 0) & (onset_s / rate <= end_s)).mean() > 0.9
        and onset_s.max() / rate > 0.3 * end_s
    ]
    if fitting:
        name = max(fitting)[1]
        unit = {"milliseconds": "ms", "frames": "frames" if key == "scene_cuts" else f"{rate_hz:g}"}
        value = unit.get(name, f"{rates[name]:g}")
        return f"seconds of the film; these look like {name} (stimuli.{film}.{key}.unit: {value})"
    shift = float(np.median(onset_s))
    if key == "transcript" and onset_s.max() - onset_s.min() <= end_s and shift > 0:
        return (
            "seconds of the film; these may count from another moment, such as a recording's start"
            f" (stimuli.{film}.transcript.zero_s)"
        )
    return f"times of this film in seconds (stimuli.{film}.{key})"
