"""Brain Treebank tables in the words of BIDS."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fusion.ieeg import clock as film_clock

FILM = ("onset", "duration", "trial_type", "film_s", "film_end_s")
EVENTS = [*FILM, "word", "sentence_id", "sentence", "trigger_sample"]


def channels(labels: list[str], corrupted: set[str], sfreq: float) -> pd.DataFrame:
    """Return channels.tsv: triggers and analogue inputs by their name, all others sEEG, bad where
    the release lists them as corrupted.
    """
    table = depth_channels(labels, sfreq)
    table.loc[table["name"].str.match(r"DC\d+$", case=False), "type"] = "MISC"
    table.loc[table["name"].str.match("TRIG", case=False), "type"] = "TRIG"
    bad = table["name"].isin(corrupted)
    table["status"] = np.where(bad, "bad", "good")
    table["status_description"] = bad.map({True: "corrupted by the release's list", False: None})
    return table


def depth_channels(names: Sequence[str], sfreq: float) -> pd.DataFrame:
    """Return channels.tsv of good depth electrodes in µV."""
    same = {"type": "SEEG", "units": "µV", "low_cutoff": None, "high_cutoff": None}
    return pd.DataFrame({"name": names, **same, "sampling_frequency": sfreq, "status": "good"})


def events(
    clock: pd.DataFrame,
    words: pd.DataFrame,
    cuts: np.ndarray,
    sfreq: float,
    trigger_sample: np.ndarray,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return events.tsv, and how many words and cuts were dropped because the film's clock does not
    reach them.

    Parameters
    ----------
    clock
        film_s, index (sample), segment.
    words
        word, onset_s, offset_s, sentence_id, sentence (film time).
    cuts
        Film times (s).
    sfreq
        Sampling rate (Hz).
    trigger_sample
        Sample of each word by the release's rule (NaN where it has none).
    """
    knots = clock.assign(recording_s=clock["index"] / sfreq)[["film_s", "recording_s", "segment"]]
    rows = []
    for _, part in knots.groupby("segment", sort=True):
        film, at = part["film_s"].to_numpy(), part["recording_s"].to_numpy()
        rows.append(
            pd.DataFrame(
                {
                    "onset": at[:-1],
                    "duration": np.diff(at),
                    "trial_type": "film",
                    "film_s": film[:-1],
                    "film_end_s": film[1:],
                }
            )
        )
    onset, segment = film_clock.to_recording(knots, words["onset_s"].to_numpy())
    played = segment >= 0
    spoken = words.assign(onset=onset, trigger_sample=trigger_sample, trial_type="word")[played]
    duration = (spoken["offset_s"] - spoken["onset_s"]).fillna(0)
    spoken = spoken.assign(duration=duration, film_s=spoken["onset_s"])
    cut_onset, cut_segment = film_clock.to_recording(knots, cuts)
    shots = pd.DataFrame(
        {"onset": cut_onset, "duration": 0.0, "trial_type": "scene_cut", "film_s": cuts}
    )[cut_segment >= 0]
    table = pd.concat([*rows, spoken, shots]).sort_values(["onset", "trial_type"], kind="stable")
    table = table.reindex(columns=EVENTS)
    return table.reset_index(drop=True), {
        "words": int((~played).sum()),
        "cuts": int((cut_segment < 0).sum()),
    }


def ieeg(task: str, sfreq: float, samples: int, table: pd.DataFrame) -> dict[str, Any]:
    """Return what ``*_ieeg.json`` says of one recording alone."""
    counts = table["type"].value_counts()
    return {
        "TaskName": task,
        "SamplingFrequency": sfreq,
        "RecordingDuration": samples / sfreq,
        "SEEGChannelCount": int(counts.get("SEEG", 0)),
        "MiscChannelCount": int(counts.get("MISC", 0)),
        "TriggerChannelCount": int(counts.get("TRIG", 0)),
    }


def electrodes(labels: list[str], places: pd.DataFrame) -> pd.DataFrame:
    """Return electrodes.tsv of a subject: every neural label, n/a where the release has no
    place.
    """
    neural = [n for n in labels if not re.match(r"(DC|TRIG)", n)]
    table = places.set_index("name").reindex(neural).reset_index(names="name")
    table.insert(4, "size", None)
    return table
