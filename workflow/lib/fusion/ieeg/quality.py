"""The quality table: what one recording came with, what was kept of it, and what was repaired."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fusion.ids import entities
from fusion.ieeg.spec import PreprocessSpec
from fusion.io.labelled import open_labelled

if TYPE_CHECKING:
    from fusion.ieeg.preparation import Source

#: Share of the film below which a recording has a warning.
WHOLE = 0.5


def line_frequency(wanted: float | None, info: Mapping[str, Any]) -> float | None:
    """Return the line frequency (Hz): the config's, else the sidecar's, else None."""
    if wanted:
        return float(wanted)
    stated = info.get("PowerLineFrequency")
    if isinstance(stated, bool) or not isinstance(stated, int | float):
        return None
    return float(stated) if stated > 0 else None


def row(
    source: Source,
    spec: PreprocessSpec,
    usable: pd.DataFrame,
    electrodes: pd.DataFrame,
    range_uv: np.ndarray,
) -> dict[str, Any]:
    """Return one row of the quality table as a dict; the schema of recordings.tsv describes it.

    Parameters
    ----------
    source
        The recording as it came.
    spec
        How it was cleaned.
    usable, electrodes
        Channels and electrodes table, after every drop.
    range_uv
        (n_channels,) largest minus smallest value of the usable channels (µV).
    """
    clock, positions, line_hz = source.clock, source.positions, source.line_hz
    kept = electrodes[electrodes["kept"]]
    unmatched = sorted(
        set(positions.table["electrode"])
        - set(electrodes.loc[electrodes["x"].notna(), "electrode"])
        - set(usable["electrode"])
    )
    why = usable.loc[usable["neural"] & ~usable["kept"], "reason"]
    why = why.str.replace(r"(bad): .*", r"\1", regex=True)
    why = why.str.replace(r"no usable neighbour.*", "no usable neighbour", regex=True)
    reasons = why.value_counts()
    zero = (
        np.interp(0, clock["film_s"], clock["recording_s"])
        if len(clock) and clock["film_s"].iloc[0] <= 0
        else np.nan
    )
    return {
        "recording": spec.recording,
        "subject": spec.subject,
        "stimulus": spec.stimulus,
        "sfreq_hz": source.sfreq,
        "duration_s": source.whole.samples / source.sfreq,
        "line_freq_hz": line_hz if line_hz else np.nan,
        "film_zero_s": zero,
        "film_end_s": clock["recording_s"].iloc[-1] if len(clock) else np.nan,
        "film_segments": clock["segment"].nunique(),
        "segments": len(source.whole),
        "lost_s": source.whole.lost_s,
        "segments_left_out": int((~source.long).sum()),
        "channels": len(usable),
        "neural": int(usable["neural"].sum()),
        "kept": len(kept),
        "dropped": (
            "; ".join(f"{reason}: {count}" for reason, count in sorted(reasons.items())) or np.nan
        ),
        "space": positions.space if kept["x"].notna().any() else np.nan,
        "with_position": int(kept["x"].notna().sum()),
        "with_region": int(kept["region"].notna().sum()),
        "electrodes_without_channel": len(unmatched),
        "artefacts_percent": np.nan,  # known once the signals are made
        "warnings": "; ".join(
            [*positions.notes, *source.notes, *warnings(source, usable, kept, range_uv, unmatched)]
        ),
    }


def warnings(
    source: Source,
    usable: pd.DataFrame,
    kept: pd.DataFrame,
    range_uv: np.ndarray,
    unmatched: list[str],
) -> list[str]:
    """Return what a user should know about a recording before believing its result."""
    info, line_hz = source.info, source.line_hz
    notes = []
    if line_hz is None:
        notes.append("line frequency unknown: no notch (set ieeg.line_freq_hz)")
    if not info:
        notes.append("no ieeg.json")
    if left := int((~source.long).sum()):
        seconds = source.whole.take(~source.long).samples / source.sfreq
        notes.append(f"{left} short segments ({seconds:.6g} s) left out")
    if missing := int(kept["x"].isna().sum()):
        notes.append(f"{missing} kept electrodes have no position")
    if unmatched:
        notes.append(
            f"{len(unmatched)} electrodes have no channel"
            f" ({', '.join(unmatched[:5])}{' ..' if len(unmatched) > 5 else ''})"
        )
    if absent := int((usable["reason"] == "not in the data file").sum()):
        notes.append(f"{absent} channels of channels.tsv are not in the data file")
    if extra := int((usable["reason"] == "not in channels.tsv").sum()):
        notes.append(f"{extra} channels of the data file are not in channels.tsv")
    middle = float(np.median(range_uv)) if len(range_uv) else np.nan
    if not 1 < middle < 1e6:
        notes.append(f"signals span {middle:.3g} µV in the median: check the unit of the data file")
    return notes


def table(row: Mapping[str, Any]) -> pd.DataFrame:
    """Return the row as a table."""
    return pd.DataFrame([row]).replace({"warnings": {"": np.nan}})


def combine(
    tables: Sequence[pd.DataFrame],
    responses: Mapping[str, Mapping[str, tuple[int, Mapping[str, int]]]],
) -> pd.DataFrame:
    """Return the quality table of all recordings, with the events kept and dropped by alignment.

    Parameters
    ----------
    tables
        One-row tables.
    responses
        recording -> alignment -> (events kept, reason -> events dropped).
    """
    out = (
        pd.concat(tables, ignore_index=True)
        .sort_values("recording", ignore_index=True)
        .astype({"warnings": object})
    )
    for alignment in sorted({a for by in responses.values() for a in by}):
        counts = [responses.get(r, {}).get(alignment, (0, {})) for r in out["recording"]]
        out[f"events_{alignment}"] = [n for n, _ in counts]
        out[f"events_dropped_{alignment}"] = [
            "; ".join(f"{why}: {n}" for why, n in sorted(d.items())) or np.nan for _, d in counts
        ]
    return out


def with_coverage(
    table: pd.DataFrame, clocks: Mapping[str, pd.DataFrame], ends: Mapping[str, float]
) -> pd.DataFrame:
    """Return the table with the stretch of the film that each recording holds.

    Parameters
    ----------
    table
        As from :func:`combine`.
    clocks
        Recording -> clock: film_s, recording_s, segment, sample, piece.
    ends
        Recording -> length of its film (s).
    """
    out = table.copy()
    first, last, share = [], [], []
    for name in out["recording"]:
        stretches = clocks[name].groupby(["segment", "piece"])["film_s"]
        spans = stretches.agg(["min", "max"]).clip(0, ends[name])
        first.append(float(spans["min"].min()))
        last.append(float(spans["max"].max()))
        share.append(float((spans["max"] - spans["min"]).sum() / ends[name]))
    out["film_from_s"], out["film_to_s"], out["film_share"] = first, last, share
    notes = [
        (
            f"holds {100 * held:.0f}% of the film ({a:.6g} to {b:.6g} s): a part of it, stopped"
            " early, or film_zero names a later event",
            (name,),
        )
        for name, held, a, b in zip(out["recording"], share, first, last, strict=True)
        if held < WHOLE
    ]
    return with_notes(out, notes)


def with_unclaimed(table: pd.DataFrame, unclaimed: Mapping[str, str]) -> pd.DataFrame:
    """Return the table with a row for each recording that takes no part, and why.

    Parameters
    ----------
    table
        The recordings that take part.
    unclaimed
        Recording -> reason.
    """
    counts = [name for name in table if pd.api.types.is_integer_dtype(table[name])]
    rows = [
        {
            **dict.fromkeys(counts, 0),
            "recording": name,
            "subject": entities(name).get("sub"),
            "warnings": f"takes no part: {reason}",
        }
        for name, reason in unclaimed.items()
    ]
    if not rows:
        return table
    more = pd.DataFrame(rows).reindex(columns=table.columns)
    return pd.concat([table, more.astype({name: int for name in counts})], ignore_index=True)


def count_events(files: Sequence[str]) -> dict[str, dict[str, tuple[int, dict[str, int]]]]:
    """Return recording -> alignment -> (events kept, reason -> events dropped) of response
    files.
    """
    counts: dict[str, dict[str, tuple[int, dict[str, int]]]] = {}
    for path in files:
        with open_labelled(path) as data:
            dropped = json.loads(data.attrs["dropped"])
            of_recording = counts.setdefault(data.attrs["recording"], {})
            of_recording[data.attrs["alignment"]] = (data.sizes["event"], dropped)
    return counts


def with_notes(table: pd.DataFrame, notes: Sequence[tuple[str, tuple[str, ...]]]) -> pd.DataFrame:
    """Return the table with warnings added: (warning, names of its recordings)."""
    table = table.copy()
    for note, names in notes:
        for k in table.index[table["recording"].isin(names)]:
            old = table.loc[k, "warnings"]
            table.loc[k, "warnings"] = note if pd.isna(old) else f"{old}; {note}"
    return table


def of_films(
    films: Mapping[str, Mapping[str, Any]], seen: Mapping[str, str]
) -> list[tuple[str, tuple[str, ...]]]:
    """Return what was repaired or is odd in a film, and which recordings saw it.

    Parameters
    ----------
    films
        Film -> its facts, as :func:`fusion.stimuli.facts.of_film` returns them.
    seen
        Recording -> film.
    """
    notes = []
    for film, facts in films.items():
        recordings = tuple(name for name, one in seen.items() if one == film)
        said = [*facts.get("notes", ()), facts.get("sound_warning")]
        notes += [(f"film {film}: {text.replace(';', ',')}", recordings) for text in said if text]
    return notes


def same_name_elsewhere(
    electrodes: Mapping[str, pd.DataFrame], subject_of: Mapping[str, str], reach_mm: float = 5.0
) -> list[tuple[str, tuple[str, ...]]]:
    """Return a warning, and which two recordings, where an electrode name stands for different
    places in a subject's recordings.

    Responses of such recordings are joined at the electrode's name although they are of different
    contacts."""
    notes: list[tuple[str, tuple[str, ...]]] = []
    by_subject: dict[str, list[str]] = {}
    for recording in electrodes:
        by_subject.setdefault(subject_of[recording], []).append(recording)
    for recordings in by_subject.values():
        for a, b in combinations(sorted(recordings), 2):
            both = electrodes[a].merge(electrodes[b], on="electrode", suffixes=("_a", "_b"))
            both = both[both["kept_a"] & both["kept_b"] & (both["space_a"] == both["space_b"])]
            far = np.sqrt(sum((both[f"{c}_a"] - both[f"{c}_b"]) ** 2 for c in "xyz")) > reach_mm
            if far.any():
                name = both.loc[far, "electrode"].iloc[0]
                notes.append(
                    (
                        (
                            f"{far.sum()} electrode names ({name} ..) mean different places in {a}"
                            f" and {b}"
                        ),
                        (a, b),
                    )
                )
    return notes
