"""The film's clock of a Brain Treebank trial: triggers, the sampling rate they measure, pauses."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.ndimage import median_filter

from fusion.ieeg.treebank.release import FilePath, read_csv
from fusion.io.errors import InputError

RATES = (256, 500, 512, 1000, 1024, 2000, 2048, 4000, 4096)


def read_triggers(path: FilePath) -> tuple[pd.DataFrame, int]:
    """Return the triggers (movie_time s, index, trig_type) in order of recording, and how many rows
    had no time or index.
    """
    table = read_csv(path, ("movie_time", "index"))
    kind = table["trig_type"].astype(str) if "trig_type" in table else "trigger"
    numbers = table[["movie_time", "index"]].apply(pd.to_numeric, errors="coerce")
    good = np.isfinite(numbers).all(axis=1)
    out = (
        numbers.assign(trig_type=kind)[good]
        .drop_duplicates(["movie_time", "index"])
        .sort_values("index", kind="stable")
    )
    if len(out) < 2:
        raise InputError(path, "", f"{len(out)} triggers with a time and an index", "two at least")
    return out.reset_index(drop=True), int((~good).sum())


def measured_rate(triggers: pd.DataFrame, lag_s: float = 5.0) -> tuple[float, float]:
    """Return the nominal sampling rate nearest to what the triggers say, and the median they say
    (Hz).

    Each trigger is compared with the first one that lies ``lag_s`` of film later, so that jitter
    does not count, and the median over all such pairs is taken, so that pauses do not. A clock that
    is within 1 % of a rate recorders have is that rate: recorder and film player drift against each
    other by less."""
    film, index = triggers["movie_time"].to_numpy(float), triggers["index"].to_numpy(float)
    order = np.lexsort([index, film])
    film, index = film[order], index[order]
    later = np.searchsorted(film, film + min(lag_s, (film[-1] - film[0]) / 2))
    first = np.flatnonzero((later < len(film)) & (film[np.minimum(later, len(film) - 1)] > film))
    if not len(first):
        raise InputError(
            "timings", "column 'movie_time'", "a film that never moves", "increasing film times"
        )
    slope = (index[later[first]] - index[first]) / (film[later[first]] - film[first])
    measured = float(np.median(slope))
    nominal = min(RATES, key=lambda rate: abs(np.log(measured / rate))) if measured > 0 else 0
    return (
        (float(nominal), measured)
        if nominal and abs(measured / nominal - 1) < 0.01
        else (measured, measured)
    )


def tolerance(triggers: pd.DataFrame, sfreq: float) -> float:
    """Return by how much (s) recording and film may differ between two triggers while the film
    plays.

    A trigger is sent by software between two others: it may come late by up to the usual distance
    of triggers, and the next one early by as much, so twice that distance is no pause. Where
    triggers are sparse, 0.1 s is what their jitter allows; nobody pauses for less than 0.5 s.
    """
    film, recording = np.diff(triggers["movie_time"]), np.diff(triggers["index"]) / sfreq
    playing = film > 0
    usual = float(np.median(film[playing])) if playing.any() else 0.0
    if usual > 1.0:
        return 0.1
    # what the triggers themselves show: nearly all lie within this of their place
    away = np.abs(recording[playing] - film[playing])
    jitter = float(np.percentile(away[away < 0.5], 99)) if (away < 0.5).any() else 0.0
    return float(np.clip(max(2 * usual, 2 * jitter), 0.1, 0.5))


def segments(triggers: pd.DataFrame, sfreq: float, tolerance_s: float | None = None) -> np.ndarray:
    """Return the segment of each trigger: a new one begins where the recording ran on and the film
    did not, or the film jumped.

    By default the tolerance is that which the rate of the triggers allows (:func:`tolerance`). The
    recorder and the film may drift apart by 1e-4 of the time between two triggers before that
    counts as a pause."""
    if tolerance_s is None:
        tolerance_s = tolerance(triggers, sfreq)
    film, recording = np.diff(triggers["movie_time"]), np.diff(triggers["index"]) / sfreq
    kind = triggers["trig_type"].str.lower()
    paused = (
        kind.str.startswith("pause").to_numpy()[:-1] | kind.str.startswith("unpause").to_numpy()[1:]
    )
    breaks = (
        paused
        | (film <= -tolerance_s)
        | (np.abs(recording - film) > tolerance_s + 1e-4 * np.abs(film))
    )
    return np.concatenate([[0], np.cumsum(breaks)])


def film_clock(
    triggers: pd.DataFrame, sfreq: float, window: int = 21
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the film's clock (film_s, index, segment) from jittered triggers, and what it rests
    on.

    Within a segment the offset of each trigger, index - film time * rate, is smoothed by a running
    median (a trigger is sent by software and comes up to tens of milliseconds early or late),
    shortened towards the ends. Knots from which the rest follows to half a sample are kept. A
    stretch that the film plays again after a jump back is left out: its first showing counts.

    Returns
    -------
    clock : pandas.DataFrame
        film_s, index (fractional sample), segment; two knots a segment at least.
    notes : dict
        triggers, segments, jitter_ms (median absolute distance of triggers from the clock),
        replayed_s.
    """
    triggers = triggers.assign(segment=segments(triggers, sfreq))
    rows, jitter, seen, replayed, count = [], [], -np.inf, 0.0, 0
    for _, part in triggers.groupby("segment", sort=True):
        part = part[
            part["movie_time"]
            > np.concatenate([[-np.inf], np.maximum.accumulate(part["movie_time"])[:-1]])
        ]
        film, index = part["movie_time"].to_numpy(float), part["index"].to_numpy(float)
        if len(film) < 2:
            continue
        smooth = film * sfreq + running_median(index - film * sfreq, window)
        jitter.append(np.abs(index - smooth))
        smooth = np.maximum.accumulate(smooth)
        if film[0] < seen:
            replayed += min(seen, film[-1]) - film[0]
            if film[-1] <= seen:
                continue
            start = np.interp(seen, film, smooth)
            later = film > seen
            film, smooth = np.r_[seen, film[later]], np.r_[start, smooth[later]]
        seen = film[-1]
        keep = thin(film, smooth, 0.5)
        rows.append(pd.DataFrame({"film_s": film[keep], "index": smooth[keep], "segment": count}))
        count += 1
    if not rows:
        raise InputError(
            "timings",
            "",
            "no stretch of film between two triggers",
            "triggers while the film plays",
        )
    spread = float(np.median(np.concatenate(jitter))) / sfreq * 1000
    return pd.concat(rows, ignore_index=True), {
        "triggers": len(triggers),
        "segments": count,
        "jitter_ms": round(spread, 3),
        "replayed_s": round(float(replayed), 3),
    }


def running_median(values: np.ndarray, window: int) -> np.ndarray:
    """Return the median over ``window`` values around each, over fewer, still symmetric, towards
    the ends.
    """
    half = window // 2
    out = (
        median_filter(values, size=window, mode="nearest")
        if len(values) >= window
        else values.astype(float).copy()
    )
    edge = (
        range(len(values))
        if len(values) < window
        else [*range(half), *range(len(values) - half, len(values))]
    )
    for k in edge:
        reach = min(half, k, len(values) - 1 - k)
        out[k] = np.median(values[k - reach : k + reach + 1])
    return out


def thin(x: np.ndarray, y: np.ndarray, tolerance: float) -> np.ndarray:
    """Return the indices of points between which straight lines stay within ``tolerance`` of all
    others (Douglas-Peucker).
    """
    keep, waiting = {0, len(x) - 1}, [(0, len(x) - 1)]
    while waiting:
        a, b = waiting.pop()
        if b - a < 2:
            continue
        line = y[a] + (y[b] - y[a]) * (x[a + 1 : b] - x[a]) / (x[b] - x[a])
        off = np.abs(y[a + 1 : b] - line)
        worst = int(off.argmax())
        if off[worst] > tolerance:
            middle = a + 1 + worst
            keep.add(middle)
            waiting += [(a, middle), (middle, b)]
    return np.array(sorted(keep))


def nearest_trigger_sample(triggers: pd.DataFrame, film_s: np.ndarray, sfreq: float) -> np.ndarray:
    """Return the sample of film times by the release's own rule: that of the nearest trigger plus
    the time from it; NaN after the last.
    """
    order = triggers.sort_values("movie_time", kind="stable")
    at, index = order["movie_time"].to_numpy(float), order["index"].to_numpy(float)
    film_s = np.asarray(film_s, float)
    right = np.clip(np.searchsorted(at, film_s), 1, len(at) - 1)
    nearest = np.where(film_s - at[right - 1] <= at[right] - film_s, right - 1, right)
    sample = np.rint(index[nearest] + (film_s - at[nearest]) * sfreq)
    return np.where(np.isfinite(film_s) & (film_s <= at[-1]), sample, np.nan)
