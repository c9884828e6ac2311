"""The Brain Treebank release, read: names, bad electrodes, places, triggers, words and cuts.

The layout is that of the published release (Wang et al. 2024, arXiv 2411.08343) as its loaders use
it."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from scipy.ndimage import median_filter

from fusion.ieeg import names
from fusion.io.errors import InputError

log = logging.getLogger(__name__)

FilePath = str | Path

# Lists of corrupted electrodes keyed "subjectN" use the laboratory's numbers: laboratory ->
# release.
LAB_NUMBER = {1: 1, 2: 2, 3: 3, 4: 6, 5: 4, 6: 10, 7: 7, 8: 5, 9: 8, 10: 9}
RATES = (256, 500, 512, 1000, 1024, 2000, 2048, 4000, 4096)
#: Endings that the release writes as rows of their own.
ENDINGS = r"'(m|s|re|ve|ll|d|t|em|cause|til)?|n't"
#: Words that it writes in two rows.
SPLITS = {
    ("gon", "na"),
    ("wan", "na"),
    ("got", "ta"),
    ("can", "not"),
    ("lem", "me"),
    ("gim", "me"),
    ("d", "ye"),
    ("what", "cha"),
}
CUT_COLUMNS = (
    "onset",
    "cut_s",
    "start",
    "start_time",
    "time",
    "movie_time",
    "shot_start_t",
    "Start Time (seconds)",
)


def read_labels(path: FilePath) -> list[str]:
    """Return the electrode labels of a subject, without marks; the i-th label belongs to
    ``electrode_i`` of the recording.
    """
    raw = _json(path)
    if not isinstance(raw, list) or not all(isinstance(name, str) for name in raw):
        raise InputError(path, "", "no list of names", "a JSON list of electrode labels")
    labels = [names.normalised(name) for name in raw]
    if twice := sorted({name for name in labels if labels.count(name) > 1}):
        raise InputError(
            path, "", f"{twice[0]!r} twice once marks are stripped", "labels that differ"
        )
    return labels


def read_corrupted(path: FilePath, subject: int) -> set[str]:
    """Return the corrupted electrodes of a subject, without marks, from a list keyed ``sub_N`` or
    ``subjectN``.
    """
    table = _json(path)
    if not isinstance(table, dict):
        raise InputError(path, "", f"a {type(table).__name__}", "subject -> list of labels")
    found = set()
    for key, labels in table.items():
        match = re.fullmatch(r"(sub_|subject_?|sub-)0*(\d+)", key)
        if match is None:
            raise InputError(
                path, f"key {key!r}", "an unknown spelling of a subject", "sub_N or subjectN"
            )
        number = int(match[2])
        if (LAB_NUMBER.get(number) if match[1].startswith("subject") else number) == subject:
            found |= {names.normalised(name) for name in labels}
    return found


def electrode_datasets(h5: h5py.File, path: FilePath) -> list[str]:
    """Return the names of the recording's datasets by electrode number (h5py lists ``electrode_10``
    before ``electrode_2``).
    """
    if "data" not in h5:
        raise InputError(path, "", f"groups {', '.join(h5) or 'none'}", "a group 'data'")
    numbered = {
        int(m[1]): key for key in h5["data"] if (m := re.fullmatch(r"electrode_(\d+)", key))
    }
    if not numbered:
        raise InputError(
            path,
            "group data",
            f"datasets {', '.join(list(h5['data'])[:3])} ..",
            "electrode_0, electrode_1 ..",
        )
    if sorted(numbered) != list(range(len(numbered))):
        missing = sorted(set(range(max(numbered))) - set(numbered))
        raise InputError(
            path, "group data", f"no electrode_{missing[0]}", "electrode_0 .. without a gap"
        )
    lengths = {h5["data"][key].shape for key in numbered.values()}
    if len(lengths) > 1 or len(next(iter(lengths))) != 1:
        raise InputError(
            path, "group data", f"shapes {sorted(lengths)}", "electrodes of one length"
        )
    return [f"data/{numbered[k]}" for k in range(len(numbered))]


def read_triggers(path: FilePath) -> tuple[pd.DataFrame, int]:
    """Return the triggers (movie_time s, index, trig_type) in order of recording, and how many rows
    had no time or index.
    """
    table = _csv(path, ("movie_time", "index"))
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


def read_words(path: FilePath) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the words of a film (word, onset_s, offset_s, sentence_id, sentence) and how many rows
    were left out, and why.

    Only rows without a word or a time are dropped: other columns may be missing. Rows that repeat
    word and times count once. The release splits contractions (I / 'm, gon / na): they are joined.
    """
    table = _csv(path, ("text", "start", "end"))
    onset, offset = (pd.to_numeric(table[c], errors="coerce") for c in ("start", "end"))
    number = (
        pd.to_numeric(table["sentence_idx"], errors="coerce")
        if "sentence_idx" in table
        else pd.Series(np.nan, index=table.index)
    )
    out = pd.DataFrame(
        {
            "word": table["text"].astype("string").str.strip(),
            "onset_s": onset,
            "offset_s": offset,
            "sentence_id": [f"s{int(k):05d}" if np.isfinite(k) else None for k in number],
            "sentence": table["sentence"].astype("string") if "sentence" in table else None,
        }
    )
    timed = np.isfinite(onset) & out["word"].notna() & (out["word"] != "")
    repeated = out.duplicated(["word", "onset_s", "offset_s"]) & timed
    left_out = {
        "rows without a word or a time": int((~timed).sum()),
        "repeated rows": int(repeated.sum()),
    }
    out = out[timed & ~repeated].sort_values("onset_s", kind="stable", ignore_index=True)
    pieces = is_piece(out)
    left_out["pieces of words joined"] = int(pieces.sum())
    out = join_pieces(out, pieces)
    out["offset_s"] = out["offset_s"].where(out["offset_s"] >= out["onset_s"], out["onset_s"])
    return out, {why: n for why, n in left_out.items() if n}


def is_piece(words: pd.DataFrame) -> np.ndarray:
    """Return which rows go on the word of the row before, (n_rows,) bool.

    A piece is an ending that stands for no word (``'m``, ``n't``), the second half of a known
    split, or a row with the times of the row before.

    Parameters
    ----------
    words
        word, onset_s, offset_s, sentence_id, in order of time.
    """
    text = [str(word).lower().replace("\u2019", "'") for word in words["word"]]
    onset, offset = words["onset_s"].to_numpy(float), words["offset_s"].to_numpy(float)
    sentence = list(words["sentence_id"])
    found = np.zeros(len(words), bool)
    for k in range(1, len(words)):
        if sentence[k] != sentence[k - 1]:
            continue
        near = onset[k] <= max(onset[k - 1], offset[k - 1] if offset[k - 1] > 0 else 0) + 0.05
        same = onset[k] == onset[k - 1] and offset[k] == offset[k - 1]
        ending = re.fullmatch(ENDINGS, text[k]) is not None
        split_ = (text[k - 1], text[k]) in SPLITS
        found[k] = same or (near and (ending or split_))
    return found


def join_pieces(words: pd.DataFrame, piece: np.ndarray) -> pd.DataFrame:
    """Return the words with every piece added to the word before it."""
    if not piece.any():
        return words
    whole = np.cumsum(~piece)
    grouped = words.groupby(whole, sort=True)
    joined = grouped.first()
    joined["word"] = grouped["word"].agg(lambda parts: "".join(map(str, parts)))
    joined["offset_s"] = grouped["offset_s"].max()
    return joined.reset_index(drop=True)[list(words.columns)]


def read_cuts(path: FilePath) -> np.ndarray:
    """Return the times (s) of the scene cuts in a table that has one of ``CUT_COLUMNS``."""
    table = _csv(path, ())
    column = next((c for c in CUT_COLUMNS if c in table), None)
    if column is None:
        raise InputError(
            path,
            "header",
            f"columns {', '.join(map(str, table.columns))}",
            f"one of {', '.join(CUT_COLUMNS)}",
        )
    times = pd.to_numeric(table[column], errors="coerce").dropna().to_numpy(float)
    return np.unique(times)


def read_places(coords: FilePath | None, depth: FilePath | None, subject: int) -> pd.DataFrame:
    """Return the places of a subject's electrodes: name, x, y, z, hemisphere, region (DKT),
    destrieux, desikan_killiany.

    Parameters
    ----------
    coords
        ``elec_coords_full.csv`` or None: X, Y, Z in a space that the release does not name;
        Hemisphere 1 is left.
    depth
        ``depth-wm.csv`` of the subject or None: labels of three atlases.
    """
    out = pd.DataFrame(columns=["name"])
    if coords is not None:
        table = _csv(coords, ("Subject", "Electrode", "X", "Y", "Z"))
        number = table["Subject"].astype(str).str.extract(r"(\d+)$")[0].astype(float)
        table = table[number == subject]
        out = pd.DataFrame({"name": [names.normalised(n) for n in table["Electrode"].astype(str)]})
        for column in "XYZ":
            out[column.lower()] = pd.to_numeric(table[column], errors="coerce").to_numpy()
        if "Hemisphere" in table:
            out["hemisphere"] = (
                pd.to_numeric(table["Hemisphere"], errors="coerce").map({1: "L", 0: "R"}).to_numpy()
            )
        if "Region" in table:
            out["destrieux"] = table["Region"].to_numpy()
        out = out.drop_duplicates("name")
    if depth is not None:
        table = _csv(depth, ("Electrode",))
        atlas = pd.DataFrame(
            {"name": [names.normalised(n) for n in table["Electrode"].astype(str)]}
        )
        for column, given in (
            ("region", "DKT"),
            ("destrieux", "Destrieux"),
            ("desikan_killiany", "DesikanKilliany"),
        ):
            if given in table:
                atlas[column] = table[given].to_numpy()
        out = atlas.drop_duplicates("name").merge(
            out.drop(columns="destrieux", errors="ignore"), on="name", how="outer"
        )
    columns = ["name", "x", "y", "z", "hemisphere", "region", "destrieux", "desikan_killiany"]
    return out.reindex(columns=columns)


def _json(path: FilePath) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(path, "", "no such file", "a file of the Brain Treebank release") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(path, "", str(error), "JSON") from None


def _csv(path: FilePath, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values=["", "nan", "NaN", "n/a"])
    except FileNotFoundError:
        raise InputError(path, "", "no such file", "a file of the Brain Treebank release") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise InputError(path, "", str(error).strip() or "an empty file", "a CSV table") from None
    if missing := [c for c in columns if c not in table]:
        raise InputError(
            path,
            f"column {missing[0]!r}",
            f"columns {', '.join(map(str, table.columns))}",
            "that column",
        )
    return table
