"""The same signals under other names and in other files: two subjects swap their labels, and the
film of one of them is cut into two runs.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers.runs import SMALL, snakemake

from fusion.io.tables import read_parquet, read_tsv

CUT_S, SFREQ, LEAD_S = 80.0, 256, 3.0
OTHER = {"01": "02", "02": "01"}
TEXT = {"subject": str, "electrode": str}
#: Column of a contrast -> how far it may be off: the same numbers, added up in the same order.
SAME = ("r_a", "r_b", "effect", "se", "p", "df", "n_events", "n_blocks")


def swapped(folder: Path) -> Path:
    """Give each of two subjects the other's label, in names and in what headers say."""
    places = {label: folder / f"sub-{label}" for label in OTHER}
    aside = {label: place.rename(folder / f"aside-{label}") for label, place in places.items()}
    for label, new in OTHER.items():
        for path in sorted(aside[label].rglob("*")):
            if path.suffix in (".vhdr", ".vmrk", ".tsv", ".json"):
                text = path.read_text(encoding="utf-8")
                path.write_text(text.replace(f"sub-{label}", f"sub-{new}"), encoding="utf-8")
            if path.is_file():
                path.rename(path.with_name(path.name.replace(f"sub-{label}", f"sub-{new}")))
        aside[label].rename(folder / f"sub-{new}")
    return folder


def cut(place: Path, subject: str) -> None:
    """Cut a recording in two: the second run begins a little before the film goes on."""
    stem = f"sub-{subject}_task-film_run-1"
    events = read_tsv(place / f"{stem}_events.tsv", literal=True)
    zero_s = float(events.loc[events["trial_type"] == "film", "onset"].iloc[0])
    eeg = place / f"{stem}_ieeg.eeg"
    names = read_tsv(place / f"{stem}_channels.tsv", literal=True)["name"]
    signal = np.fromfile(eeg, "<f4").reshape(-1, len(names))
    at = round((zero_s + CUT_S) * SFREQ)
    parts = {"1": signal[:at], "2": signal[at - round(LEAD_S * SFREQ) :]}
    for path in sorted(place.glob(f"{stem}_*")):
        new = path.with_name(path.name.replace("run-1", "run-2"))
        shutil.copy(path, new)
        if path.suffix in (".vhdr", ".vmrk"):
            text = new.read_text(encoding="utf-8")
            new.write_text(text.replace("run-1", "run-2"), encoding="utf-8")
    for run, part in parts.items():
        own = stem.replace("run-1", f"run-{run}")
        part.tofile(place / f"{own}_ieeg.eeg")
        sidecar = place / f"{own}_ieeg.json"
        told = json.loads(sidecar.read_text(encoding="utf-8"))
        told["RecordingDuration"] = len(part) / SFREQ
        sidecar.write_text(json.dumps(told), encoding="utf-8")
        onset = zero_s if run == "1" else LEAD_S
        table = f"onset\tduration\ttrial_type\n{onset}\tn/a\tfilm\n"
        (place / f"{own}_events.tsv").write_text(table, encoding="utf-8")


@pytest.mark.slow
def test_swapped_subjects_and_a_film_in_two_runs(finished, copy_of_finished):
    folder = copy_of_finished
    own = folder / "own"
    shutil.copytree(folder / "results/small/bids", own)
    cut(swapped(own) / "sub-01/ieeg", "01")
    config = yaml.safe_load(SMALL.read_text(encoding="utf-8"))
    config.pop("simulate")
    config |= {"dataset": "own", "source": "bids", "root": "own"}
    config["stimuli"]["film"]["film_zero"]["film_s"] = {"1": 0, "2": CUT_S}
    (folder / "own.yaml").write_text(yaml.safe_dump(config))
    snakemake(folder, "--", "results/own/sites.tsv", config=folder / "own.yaml")

    before, after = (
        read_parquet(place / "tables/contrasts.parquet")
        for place in (finished / "results/small", folder / "results/own")
    )
    before["subject"] = before["subject"].map(OTHER)
    keys = ["subject", "electrode", "alignment", "contrast", "window"]
    joined = before.merge(after, on=keys, suffixes=("", "_after"), validate="one_to_one")
    assert len(joined) == len(before) == len(after)
    whole = joined[joined["subject"] == "02"]
    assert whole["tested"].any()
    for column in SAME:
        np.testing.assert_array_equal(whole[column], whole[f"{column}_after"], column)

    # At the seam filters have less to go by, and a few windows do not fit into one run.
    halves = joined[(joined["subject"] == "01") & joined["tested"]]
    lost = halves["n_events"] - halves["n_events_after"]
    assert lost.between(0, 12).all()
    off = (halves["r_a"] - halves["r_a_after"]).abs()
    assert off.median() < 0.03 and off.max() < 0.1

    places = [
        pd.DataFrame(read_tsv(place / "sites.tsv", dtype=TEXT))
        for place in (finished / "results/small", folder / "results/own")
    ]
    places[0]["subject"] = places[0]["subject"].map(OTHER)
    kept = ["subject", "electrode", "region", "x", "y", "z", "tested"]
    a, b = (one[kept].sort_values(kept[:2], ignore_index=True) for one in places)
    pd.testing.assert_frame_equal(a, b)
