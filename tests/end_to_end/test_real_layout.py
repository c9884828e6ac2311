"""A dataset with real sidecars and annotations, from BIDS to sites: film time zero, contacts, and
what was planted.
"""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from helpers.runs import REPOSITORY, checkout, made_once, snakemake
from sklearn.metrics import roc_auc_score

CONFIG = REPOSITORY / "config" / "ds003688.yaml"


@pytest.fixture(scope="session")
def real(tmp_path_factory):
    """A checkout in which the real-layout film dataset has been run, and the dataset: not to be
    changed.
    """
    layout = os.environ.get("FUSION_REAL_LAYOUT")
    if not layout:
        pytest.skip("FUSION_REAL_LAYOUT is not set")

    def run(folder):
        checkout(folder)
        dataset = folder / "dataset"
        subprocess.run(
            [sys.executable, str(Path(layout, "build_film_dataset.py")), str(dataset)],
            check=True,
            capture_output=True,
        )
        snakemake(
            folder,
            "--config",
            f"root={dataset}",
            "--",
            "results/ds003688/sites.tsv",
            config=CONFIG,
        )

    folder = made_once(tmp_path_factory, "real", run)
    return folder / "results" / "ds003688", folder / "dataset"


def electrodes(results):
    return pd.read_csv(
        next((results / "intermediate/electrodes").glob("*.tsv")),
        sep="\t",
        dtype={"electrode": str, "subject": str},
    )


@pytest.mark.slow
def test_film_begins_with_the_first_music_block(real):
    results, dataset = real
    events = pd.read_csv(next((dataset / "sub-01").rglob("*_task-film_*events.tsv")), sep="\t")
    music = events.loc[events["trial_type"] == "music", "onset"].iloc[0]
    assert music != events["onset"].iloc[0], "the task starts before the film"
    clock = pd.read_csv(next((results / "intermediate/clock").glob("*.tsv")), sep="\t")
    slope = (clock["recording_s"].iloc[1] - clock["recording_s"].iloc[0]) / (
        clock["film_s"].iloc[1] - clock["film_s"].iloc[0]
    )
    assert slope == pytest.approx(1, abs=1e-3)
    assert clock["recording_s"].iloc[0] - slope * clock["film_s"].iloc[0] == pytest.approx(
        music, abs=1e-3
    )


@pytest.mark.slow
def test_all_depth_contacts_but_the_bad_are_considered(real):
    results, dataset = real
    channels = pd.read_csv(
        next((dataset / "sub-01").rglob("*_task-film_*channels.tsv")), sep="\t", dtype={"name": str}
    )
    depth = channels[channels["type"].eq("SEEG")]
    assert len(depth) == 103
    table = electrodes(results).set_index("electrode")
    bad = set(depth.loc[depth["status"].eq("bad"), "name"])
    kept = table["kept"].astype(bool)
    assert set(table.index[kept]) == set(depth["name"]) - bad
    assert table.loc[~kept, "reason"].notna().all()
    sites = pd.read_csv(results / "sites.tsv", sep="\t", dtype={"subject": str, "electrode": str})
    assert set(table.index[kept]) <= set(sites["electrode"])
    assert sites.set_index("electrode").loc[table.index[kept], "tested"].all()


@pytest.mark.slow
def test_electrodes_planted_as_vision_score_above_those_planted_as_none(real):
    results, dataset = real
    truth = pd.read_csv(
        dataset / "planted_truth.tsv", sep="\t", dtype={"electrode": str}
    ).set_index("electrode")["planted"]
    contrasts = pd.read_parquet(results / "tables/contrasts.parquet")
    rows = contrasts[
        (contrasts["contrast"] == "any_vs_nothing")
        & (contrasts["alignment"] == "language")
        & (contrasts["window"] == "after")
    ].set_index("electrode")
    planted = truth.reindex(rows.index)
    asked = planted.isin(["vision", "none"])
    auc = roc_auc_score(planted[asked] == "vision", rows.loc[asked, "r_a"])
    print(
        f"AUC of r, vision against none: {auc:.3f} ({(planted == 'vision').sum()} and"
        f" {(planted == 'none').sum()} electrodes)"
    )
    assert auc > 0.75
