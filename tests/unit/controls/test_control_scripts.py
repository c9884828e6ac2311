"""All scripts of the controls, on small files in the contract's layout: electrodes follow a
picture, a text, or their match.
"""

import json
import logging
import os
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fusion.io import labelled
from fusion.io.tables import read_tsv, write_tsv

REPOSITORY = Path(__file__).parents[3]
N, BINS = 500, np.arange(0, 601, 100)
PLANTED = ["picture", "text", "match", "none"]
SPEC = {
    "seed": 0,
    "subject": "1",
    "stimulus": "film",
    "alignment": "language",
    "films": ["film"],
    "window_ms": [0, 600],
    "bin_width_ms": 200,
    "step_ms": 100,
    "dimensions": 24,
    "folds": 4,
    "split": "film_time",
    "validation": "nested",
    "gap_s": 3,
    "block_s": 10,
    "alphas": [1.0, 10.0, 100.0, 1000.0],
    "drift_cosines_s": False,
}


def run(script, folder, inputs, outputs, spec):
    """Run a script in this process as its rule would; what it does to descriptors, logging and
    hooks is undone.
    """
    kept, root = [os.dup(1), os.dup(2)], logging.getLogger()
    before = sys.excepthook, root.handlers[:], root.level
    log = folder / f"{script}.log"
    job = SimpleNamespace(
        input=SimpleNamespace(**inputs),
        output=SimpleNamespace(**outputs),
        params=SimpleNamespace(spec=spec),
        log=[str(log)],
        threads=1,
        resources=SimpleNamespace(mem_mb=1000),
    )
    try:
        runpy.run_path(
            str(REPOSITORY / "workflow" / "scripts" / f"{script}.py"), {"snakemake": job}
        )
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        for descriptor, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)
        sys.excepthook, root.handlers[:], level = before
        root.setLevel(level)
        logging.captureWarnings(False)


def write_layers(path, layers):
    with labelled.create(path, {"event": [f"w{k:05d}" for k in range(N)]}) as file:
        for i, (layer, x) in enumerate(layers.items()):
            labelled.add_dimension(file, f"feature_{i:02d}", x.shape[1])
            labelled.add(
                file,
                f"layer_{i:02d}",
                ("event", f"feature_{i:02d}"),
                x.astype("float32"),
                attrs={"layer": layer},
            )


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Return a folder with responses, activations, low-level features, events, words, and the fits
    of two models.
    """
    folder = tmp_path_factory.mktemp("controls")
    rng = np.random.default_rng(0)
    onset_s = 1 + np.arange(N) * 0.6
    picture, text, light = (rng.standard_normal((N, 6)) for _ in range(3))
    f, g = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (picture, text))
    signals = [
        picture @ rng.standard_normal(6),
        text @ rng.standard_normal(6),
        (f * g) @ rng.standard_normal(6),
        np.zeros(N),
    ]
    signals = [s / max(s.std(), 1e-9) for s in signals]
    for subject, seed in (("1", 1), ("2", 2)):
        noise = np.random.default_rng(seed).standard_normal((N, 4, len(BINS)))
        y = np.stack(signals, 1)[..., None] + 1.0 * noise
        attrs = {
            "subject": subject,
            "stimulus": "film",
            "alignment": "language",
            "recording": f"sub-{subject}_run-1",
        }
        coords = {
            "event": [f"w{k:05d}" for k in range(N)],
            "electrode": ["A1", "A2", "A3", "A4"],
            "bin_ms": BINS,
        }
        with labelled.create(folder / f"responses_{subject}.nc", coords, attrs) as file:
            labelled.add(file, "onset_s", ("event",), onset_s)
            labelled.add(file, "response", ("event", "electrode", "bin_ms"), y.astype("float32"))
    write_layers(
        folder / "vision.nc",
        {"one": picture, "two": np.tanh(picture @ rng.standard_normal((6, 8)))},
    )
    write_layers(folder / "text.nc", {"one": text})
    write_layers(folder / "towers.nc", {"image": picture, "text": text})
    events = pd.DataFrame({"event": [f"w{k:05d}" for k in range(N)], "onset_s": onset_s})
    for k, shift in enumerate((140, 190, 260, 310)):
        source = (np.arange(N) + shift) % N
        events[f"event_shuffled{k}"] = events["event"].to_numpy()[source]
        write_layers(
            folder / f"fused_shuffled{k}.nc", {"fusion": np.hstack([f, g[source], f * g[source]])}
        )
    write_layers(folder / "fused_true.nc", {"fusion": np.hstack([f, g, f * g])})
    write_tsv(events, folder / "events.tsv")
    write_tsv(pd.DataFrame({"word": "w", "onset_s": onset_s}), folder / "words.tsv")
    with labelled.create(
        folder / "lowlevel.nc",
        {"event": events["event"], "feature": [f"luma{k}" for k in range(6)]},
    ) as file:
        labelled.add(file, "features", ("event", "feature"), light.astype("float32"))
    encoding = {
        key: SPEC[key] for key in ("folds", "split", "validation", "gap_s", "block_s", "alphas")
    }
    for model in ("vision", "text"):
        spec = {
            "subject": "1",
            "alignment": "language",
            "fit": f"{model}-trained-true",
            "activations": [["film", model]],
            "parts": None,
            "encoding": encoding | {"keep_predictions": False},
        }
        outputs = {
            name: str(folder / f"{model}_{name}") for name in ("scores.parquet", "influence.nc")
        }
        run(
            "encode",
            folder,
            {"responses": [folder / "responses_1.nc"], "activations": [folder / f"{model}.nc"]},
            {"scores": outputs["scores.parquet"], "influence": outputs["influence.nc"]},
            spec,
        )
    write_tsv(
        pd.DataFrame({"subject": "1", "electrode": ["A1", "A2", "A3", "A4"], "planted": PLANTED}),
        folder / "truth.tsv",
    )
    return folder


FILES = {
    "vision-trained-true": "vision.nc",
    "text-trained-true": "text.nc",
    "slip-trained-true": "towers.nc",
}
FILES |= {
    "flava-trained-true": "fused_true.nc",
    **{f"flava-trained-shuffled{k}": f"fused_shuffled{k}.nc" for k in range(4)},
}
BANDS = {
    "vision": ["vision-trained-true"],
    "language": ["text-trained-true"],
    "multimodal": ["slip-trained-true"],
}


def activations(folder, fits):
    return {"activations": [folder / FILES[fit] for fit in fits]}, {
        "pairs": [[fit, "film"] for fit in fits]
    }


@pytest.fixture(scope="module")
def made(dataset):
    """Run all controls and their tables; return the tables by name, and the folder."""
    tables = {}
    responses, low = (
        {"responses": [dataset / "responses_1.nc"]},
        {"lowlevel": [dataset / "lowlevel.nc"]},
    )
    bands, band_pairs = activations(dataset, [fits[0] for fits in BANDS.values()])
    joint, joint_pairs = activations(dataset, list(FILES))
    networks = {
        "slip": {"model": "slip", "towers": ["image", "text"]},
        "flava": {"model": "flava", "towers": None},
    }
    contrast = {
        "a": ["vision-trained-true"],
        "b": ["text-trained-true"],
        "rank_a": 1,
        "rank_b": 1,
        "alternative": "two-sided",
    }
    unimodal = {band: BANDS[band] for band in ("vision", "language")}
    pairings = {
        "pairings": [f"shuffled{k}" for k in range(4)],
        "tower_pairings": 3,
        "shifts": 3,
        "min_shift_s": 60.0,
    }
    influence = [dataset / f"{model}_influence.nc" for model in ("vision", "text")]
    compared = [["declared pair", "vision-trained-true", "text-trained-true"]]
    events = {"events": [dataset / "events.tsv"]}
    jobs = {
        "partition": (
            "partition",
            {**responses, **bands, **low},
            band_pairs | {"bands": BANDS, "scalings": 6},
        ),
        "dimension_match": (
            "dimension_match",
            {**responses, **bands},
            band_pairs | {"contrasts": {"vision_vs_text": contrast}},
        ),
        "interaction": (
            "interaction",
            {**responses, **joint, **events},
            joint_pairs | {"bands": unimodal, "networks": networks} | pairings,
        ),
        "leak": (
            "leak_meter",
            {**responses, "words": [dataset / "words.tsv"], "influence": influence},
            {"drift_period_s": 30.0},
        ),
        "floors": (
            "floors",
            {**responses, **bands},
            band_pairs | {"layers_of": "vision-trained-true", "compared": compared},
        ),
        "ceiling": (
            "ceiling",
            {**responses, "others": [dataset / "responses_2.nc"]},
            {"subjects": {"sub-2_run-1": "2"}},
        ),
        "passive": (
            "passive",
            {**bands, **low, "events": dataset / "events.tsv"},
            band_pairs | {"bands": BANDS},
        ),
    }
    for name, (script, inputs, more) in jobs.items():
        part, table = dataset / f"{name}.parquet", dataset / f"{name}.tsv"
        run(script, dataset, inputs, {"table": part}, SPEC | more)
        run(
            "control_tables",
            dataset,
            {"parts": [part], "schema": REPOSITORY / "workflow/schemas/controls.schema.yaml"},
            {"table": table, "dictionary": dataset / f"{name}.json"},
            {"control": name, "correction": "bh"},
        )
        tables[name] = read_tsv(table, dtype={"subject": str})
        assert set(json.loads((dataset / f"{name}.json").read_text())) == set(tables[name].columns)
    return tables, dataset


def p_of(table, **where):
    for key, value in where.items():
        table = table[table[key] == value]
    return dict(zip([PLANTED[int(e[1]) - 1] for e in table["electrode"]], table["p"], strict=True))


@pytest.mark.parametrize("network", ["slip", "flava"])
def test_only_the_match_of_picture_and_text_is_integration(made, network):
    tables, _ = made
    found = p_of(tables["interaction"], network=network, test="integration")
    assert found["match"] < 1e-3
    assert min(found["picture"], found["text"], found["none"]) > 0.02
    assert p_of(tables["interaction"], network=network, test="vision_shuffle")["picture"] < 1e-4
    assert p_of(tables["interaction"], network=network, test="language_shuffle")["text"] < 1e-4
    assert tables["interaction"]["stream_r"].max() < 0.1


def test_partition_and_dimension_match_name_the_band(made):
    tables, _ = made
    alone = tables["partition"].pivot_table(index="electrode", columns="band", values="r_alone")
    assert (
        alone.loc["A1", "vision"] > 0.5
        and alone.loc["A2", "language"] > 0.5
        and alone["lowlevel"].abs().max() < 0.15
    )
    assert (
        p_of(tables["dimension_match"])["picture"] < 1e-4
        and p_of(tables["dimension_match"])["none"] > 0.01
    )
    assert (tables["dimension_match"]["dof_a"] > 0).all()


def test_leak_meter_ceiling_and_passive_read_true(made):
    tables, _ = made
    leak = tables["leak"].set_index("electrode")
    assert list(leak.loc[["A1", "A2"], "model"]) == ["vision-trained-true", "text-trained-true"]
    assert (
        not leak.loc[["A1", "A2", "A3"], "flagged"].any()
        and (leak.loc[["A1", "A2"], "p_model_over_leak"] < 1e-4).all()
    )
    ceiling = tables["ceiling"].set_index("electrode")["r"]
    assert ceiling["A1"] > 0.4 and ceiling["A3"] > 0.4 and abs(ceiling["A4"]) < 0.2
    assert set(tables["passive"]["network"]) == {"vision", "language", "multimodal"}
    assert tables["passive"]["r"].abs().max() < 0.3


def test_what_was_planted_is_summed_up(made):
    tables, folder = made
    names = [name for name in tables if name != "passive"]
    contrasts = pd.DataFrame(
        {
            "subject": "1",
            "electrode": ["A1", "A2", "A3", "A4"],
            "alignment": "language",
            "contrast": "x",
            "window": "after",
            "p": 0.5,
        }
    )
    contrasts.to_parquet(folder / "contrasts.parquet")
    inputs = {
        "tables": [folder / f"{name}.tsv" for name in names],
        "contrasts": folder / "contrasts.parquet",
        "truth": folder / "truth.tsv",
    }
    run(
        "controls_planted",
        folder,
        inputs,
        {"table": folder / "planted.tsv"},
        {"window": "after", "level": 0.05},
    )
    table = read_tsv(folder / "planted.tsv").set_index("quantity")
    assert table.loc["slip: integration", PLANTED].tolist() == [0, 0, 1, 0]
    assert set(table["control"]) == {"truth", "contrast", *names} - {"leak"} | {"leak meter"}
