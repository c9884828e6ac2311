"""All scripts of the controls, on small files in the contract's layout: electrodes follow a
picture, a text, or their match.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.scripts import run_script

from fusion.contrasts.spec import Comparison
from fusion.controls.spec import (
    Activated,
    CeilingSpec,
    ControlTablesSpec,
    DimensionMatchSpec,
    FittingSpec,
    FloorPairSpec,
    FloorsSpec,
    InteractionSpec,
    JointNetworkSpec,
    LeakSpec,
    NegativeControlsSpec,
    PartitionSpec,
    PassiveSpec,
)
from fusion.demo.confusion import EXPECTED
from fusion.demo.spec import PlantedSpec
from fusion.encoding.spec import EncodeSpec, FitSpec
from fusion.ids import TRAINED, FitId, Operand
from fusion.io import labelled
from fusion.io.tables import read_tsv, write_tsv

REPOSITORY = Path(__file__).parents[3]
N, BINS = 500, np.arange(0, 601, 100)
PLANTED = ["picture", "text", "match", "none"]
FOLDS = {"folds": 4, "split": "film_time", "validation": "nested", "gap_s": 3}
ALPHAS = (1.0, 10.0, 100.0, 1000.0)
FITTING = FittingSpec(
    **FOLDS,
    window_ms=(0, 600),
    bin_width_ms=200,
    block_s=10,
    alphas=ALPHAS,
    drift_cosines_s=False,
    clip_mad=False,
)
VISION, TEXT, SLIP, FLAVA = (FitId(model) for model in ("vision", "text", "slip", "flava"))


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
    for fit in (VISION, TEXT):
        spec = EncodeSpec(
            subject="1",
            alignment="language",
            fits=(fit,),
            features=(("film", fit.model),),
            parts=None,
            settings=FitSpec(**FOLDS, alphas=ALPHAS, block_s=10),
        )
        inputs = {
            "responses": [folder / "responses_1.nc"],
            "activations": [folder / f"{fit.model}.nc"],
        }
        outputs = {
            "scores": [folder / f"{fit.model}_scores.parquet"],
            "influence": [folder / f"{fit.model}_influence.nc"],
            "predictions": [folder / f"{fit.model}_predictions.nc"],
        }
        run_script("encode", inputs, outputs, spec, resources={"gpu": 0})
    return folder


FILES = {
    VISION: "vision.nc",
    TEXT: "text.nc",
    SLIP: "towers.nc",
    FLAVA: "fused_true.nc",
    **{FitId("flava", TRAINED, f"shuffled{k}"): f"fused_shuffled{k}.nc" for k in range(4)},
}
BANDS = {"vision": (VISION,), "language": (TEXT,), "multimodal": (SLIP,)}
IDS = {"subject": "1", "alignment": "language"}
SHARED = {"dimensions": 24, "fitting": FITTING}


def activated(folder, fits):
    """Return the input and the field of a spec that say where the activations of fits are."""
    files = {"activations": [folder / FILES[fit] for fit in fits]}
    return files, {"activations": tuple(Activated(fit, "film") for fit in fits)}


@pytest.fixture(scope="module")
def made(dataset):
    """Run all controls and their tables; return the tables by name, and the folder."""
    responses = {"responses": [dataset / "responses_1.nc"]}
    low = {"lowlevel": [dataset / "lowlevel.nc"]}
    files, held = activated(dataset, [fits[0] for fits in BANDS.values()])
    joint_files, joint_held = activated(dataset, list(FILES))
    jobs = {
        "partition": (
            {**responses, **files, **low},
            PartitionSpec(
                **IDS, **SHARED, **held, films=("film",), bands=BANDS, scalings=6, seed=0
            ),
        ),
        "dimension_match": (
            {**responses, **files},
            DimensionMatchSpec(
                **IDS,
                **SHARED,
                **held,
                comparisons=(
                    Comparison("vision_vs_text", Operand((VISION,)), Operand((TEXT,)), "two-sided"),
                ),
            ),
        ),
        "interaction": (
            {**responses, **joint_files, "events": [dataset / "events.tsv"]},
            InteractionSpec(
                **IDS,
                **SHARED,
                **joint_held,
                films=("film",),
                bands={band: BANDS[band] for band in ("vision", "language")},
                networks={
                    "slip": JointNetworkSpec("slip", ("image", "text")),
                    "flava": JointNetworkSpec("flava", None),
                },
                pairings=tuple(f"shuffled{k}" for k in range(4)),
                tower_pairings=3,
                shifts=3,
                min_shift_s=60.0,
                seed=0,
            ),
        ),
        "negative_controls": (
            {
                **responses,
                **files,
                "words": [dataset / "words.tsv"],
                "influence": [dataset / f"{name}_influence.nc" for name in ("vision", "text")],
            },
            NegativeControlsSpec(
                **IDS,
                leak=LeakSpec(("film",), 30.0),
                floors=FloorsSpec(
                    **held,
                    pairs=(FloorPairSpec("declared pair", VISION, TEXT),),
                    layers_of=VISION,
                    dimensions=24,
                ),
                fitting=FITTING,
            ),
        ),
        "ceiling": (
            {**responses, "others": [dataset / "responses_2.nc"]},
            CeilingSpec(**IDS, **SHARED, others=("2",)),
        ),
        "passive": (
            {**files, **low, "events": dataset / "events.tsv"},
            PassiveSpec(stimulus="film", alignment="language", **SHARED, **held, bands=BANDS),
        ),
    }
    parts = {}
    for name, (inputs, spec) in jobs.items():
        own = ("leak", "floors") if name == "negative_controls" else (name,)
        outputs = {key: dataset / f"{key}.parquet" for key in own}
        parts |= outputs
        if len(own) == 1:
            outputs = {"table": outputs[name]}
        run_script(name, inputs, outputs, spec)
    run_script(
        "control_tables",
        {
            **{name: [path] for name, path in parts.items()},
            "schema": REPOSITORY / "workflow/schemas/controls.schema.yaml",
        },
        {
            "tables": [dataset / f"{name}.tsv" for name in parts],
            "dictionaries": [dataset / f"{name}.json" for name in parts],
        },
        ControlTablesSpec(tuple(parts), "bh"),
    )
    tables = {name: read_tsv(dataset / f"{name}.tsv", dtype={"subject": str}) for name in parts}
    for name, table in tables.items():
        assert set(json.loads((dataset / f"{name}.json").read_text())) == set(table.columns)
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


def test_one_of_the_negative_controls_alone(made, dataset):
    tables, _ = made
    spec = NegativeControlsSpec(**IDS, leak=LeakSpec(("film",), 30.0), floors=None, fitting=FITTING)
    inputs = {
        "responses": [dataset / "responses_1.nc"],
        "words": [dataset / "words.tsv"],
        "influence": [],
    }
    run_script("negative_controls", inputs, {"leak": dataset / "alone.parquet"}, spec)
    alone = pd.read_parquet(dataset / "alone.parquet")
    assert alone["r_model"].isna().all()
    np.testing.assert_allclose(alone["r_position"], tables["leak"]["r_position"], rtol=1e-4)


def test_what_was_planted_is_summed_up(made):
    tables, folder = made
    names = tuple(name for name in tables if name != "passive")
    electrodes = pd.DataFrame({"subject": "1", "electrode": ["A1", "A2", "A3", "A4"]})
    contrasts = electrodes.assign(alignment="language", contrast="x", window="after", p=0.5)
    contrasts.to_parquet(folder / "contrasts.parquet")
    write_tsv(
        electrodes.assign(
            verdict=["vision", "language", "interaction", "none"],
            tested=True,
            q_signal=[0.01, 0.01, 0.01, 0.9],
            q_unimodal=[1, 1, 0.01, 1],
            q_linear=[1, 1, 0.01, 1],
            q_interaction=[1, 1, 0.01, 1],
        ),
        folder / "sites.tsv",
    )
    write_tsv(
        electrodes.assign(planted=["vision", "language", "joint", "none"]),
        folder / "kinds.tsv",
    )
    inputs = {
        "sites": folder / "sites.tsv",
        "tables": [folder / f"{name}.tsv" for name in names],
        "contrasts": folder / "contrasts.parquet",
        "truth": folder / "kinds.tsv",
        "schema": Path(__file__).parents[3] / "workflow/schemas/tables.schema.yaml",
    }
    outputs = {
        "confusion": folder / "confusion.tsv",
        "rungs": folder / "rungs.tsv",
        "voices": folder / "voices.tsv",
        "controls": folder / "planted.tsv",
        **{
            f"{name}_dictionary": folder / f"{name}.json"
            for name in ("confusion", "rungs", "voices", "controls")
        },
    }
    ran = run_script("planted", inputs, outputs, PlantedSpec(names, "after", 0.05))
    table = read_tsv(folder / "planted.tsv").set_index("quantity")
    kinds = ["vision", "language", "joint", "none"]
    assert table.loc["slip: integration", kinds].tolist() == [0, 0, 1, 0]
    assert set(table["control"]) == {"truth", "contrast", *names} - {"leak"} | {"leak meter"}
    counts = read_tsv(folder / "confusion.tsv").set_index("planted")
    assert [counts.loc[kind, EXPECTED[kind]] for kind in kinds] == [1, 1, 1, 1]
    rungs = read_tsv(folder / "rungs.tsv").set_index("rung")
    assert rungs["holds"].tolist() == rungs["true"].tolist() == [3, 1, 1, 1]
    assert "joint: sensitivity 1.00, false-discovery proportion 0.00" in ran.log
