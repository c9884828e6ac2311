"""The audit passes on an honest run and finds what was put in its place."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from helpers.scripts import REPOSITORY, run_script

from fusion.audit.compare import with_himalaya
from fusion.audit.spec import AuditSpec, Sample
from fusion.contrasts.calibrated import Calibrated
from fusion.contrasts.fits import read_scores
from fusion.contrasts.frame import contrast_table
from fusion.contrasts.spec import CalibratedSpec, Comparison
from fusion.encoding.result import Fit
from fusion.encoding.spec import EncodeSpec, FitSpec
from fusion.ids import FitId, Operand
from fusion.io import labelled
from fusion.io.errors import InputError

BINS = np.array([0.0, 100.0, 200.0])
SETTINGS = FitSpec(folds=4, gap_s=2, block_s=10, alphas=(1.0, 100.0, 1e4))
WINDOW = (0.0, 200.0)


def write_activations(path, events, layers):
    with labelled.create(path, {"event": events}, {"card": json.dumps({"name": "m"})}) as file:
        for k, (name, values) in enumerate(layers.items()):
            labelled.add_dimension(file, f"feature_{k:02d}", values.shape[1])
            dims = ("event", f"feature_{k:02d}")
            values = values.astype(np.float32)
            labelled.add(file, f"layer_{k:02d}", dims, values, attrs={"layer": name})


def fit_spec(model):
    return EncodeSpec(
        subject="01",
        alignment="language",
        fits=(FitId(model),),
        features=(("film", model),),
        parts=None,
        settings=SETTINGS,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A subject, two networks, their fits and their contrast, made by the workflow's scripts."""
    folder = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(1)
    n_events, electrodes = 240, ["A1", "A2", "A3"]
    events = np.array([f"w{k:05d}" for k in range(n_events)])
    onset_s = np.sort(rng.uniform(0, 400, n_events))
    layers = {
        model: {f"l{k}": rng.standard_normal((n_events, 6 + k)) for k in range(2)}
        for model in ("one", "two")
    }
    for model, own in layers.items():
        write_activations(folder / f"{model}.nc", events, own)
    signal = layers["one"]["l1"][:, :3] @ rng.standard_normal((3, 9))
    values = (signal + 2 * rng.standard_normal(signal.shape)).reshape(n_events, 3, 3)
    attrs = {"recording": "r", "stimulus": "film", "subject": "01", "alignment": "language"}
    coords = {"event": events, "electrode": electrodes, "bin_ms": BINS}
    with labelled.create(folder / "responses.nc", coords, attrs) as file:
        dims = ("event", "electrode", "bin_ms")
        labelled.add(file, "response", dims, values.astype(np.float32))
        labelled.add(file, "onset_s", ("event",), onset_s)
    for model in layers:
        run_script(
            "encode",
            {"responses": [folder / "responses.nc"], "activations": [folder / f"{model}.nc"]},
            {name: [folder / f"{model}_{name}"] for name in ("scores", "influence", "predictions")},
            fit_spec(model),
            resources={"gpu": 0},
        )
    return folder


COMPARISON = Comparison("one_vs_two", Operand((FitId("one"),)), Operand((FitId("two"),)), "greater")


def contrasts(folder):
    """Write the run's own contrast."""
    fits = []
    for model in ("one", "two"):
        with labelled.open_labelled(folder / f"{model}_influence") as file:
            fits.append(read_scores(file.load(), folder / f"{model}_influence"))
    procedure = Calibrated(CalibratedSpec(), np.random.default_rng(0))
    table = contrast_table(fits, COMPARISON, {"after": WINDOW}, procedure)
    table.to_parquet(folder / "contrasts.parquet", index=False)


def audit(folder):
    sample = Sample(
        subject="01",
        alignment="language",
        fits=(fit_spec("one"), fit_spec("two")),
        comparison=COMPARISON,
        n_recordings=1,
    )
    spec = AuditSpec(
        samples=(sample,),
        electrodes=2,
        tolerance=1e-4,
        window="after",
        window_ms=WINDOW,
        validation="nested",
        statistics=CalibratedSpec(),
        seed=0,
    )
    inputs = {
        "responses": [folder / "responses.nc"],
        "activations": [folder / "one.nc", folder / "two.nc"],
        "scores": [folder / "one_scores", folder / "two_scores"],
        "contrasts": [folder / "contrasts.parquet"],
        "schema": REPOSITORY / "workflow/schemas/audit.schema.yaml",
    }
    outputs = {"table": folder / "audit.tsv", "dictionary": folder / "audit.json"}
    return run_script("audit", inputs, outputs, spec)


@pytest.fixture
def finished(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    contrasts(folder)
    return folder


def test_an_honest_run_passes(finished):
    audit(finished)
    table = pd.read_csv(finished / "audit.tsv", sep="\t")
    assert table["disagreements"].eq(0).all()
    assert set(table["quantity"]) == {"r_val", "r_test", "alpha", "layer", "effect", "se"}
    assert set(table["reference"]) == {"himalaya", "scikit-learn"}
    assert table.loc[table["quantity"] == "r_test", "largest_difference"].max() < 1e-5
    assert (table["values"] > 0).all()


def edited(path, change):
    with xr.open_dataset(path, engine="h5netcdf", decode_cf=False) as file:
        data = file.load()
    change(data)
    data.to_netcdf(path, engine="h5netcdf")


def test_activations_of_another_run_are_found(finished):
    rng = np.random.default_rng(9)
    with xr.open_dataset(finished / "one.nc", engine="h5netcdf", decode_cf=False) as file:
        events = file["event"].values
    layers = {f"l{k}": rng.standard_normal((240, 6 + k)) for k in range(2)}
    write_activations(finished / "one.nc", events, layers)
    with pytest.raises(InputError, match="fit one-trained-true .* differ from himalaya"):
        audit(finished)


def test_a_response_that_was_shifted_is_found(finished):
    def shift(data):
        data["response"][:, :, 1] = np.roll(data["response"][:, :, 1].values, 3, axis=0)

    edited(finished / "responses.nc", shift)
    with pytest.raises(InputError, match="differ from himalaya"):
        audit(finished)


def test_a_changed_effect_is_found(finished):
    table = pd.read_parquet(finished / "contrasts.parquet")
    table["effect"] += 0.01
    table.to_parquet(finished / "contrasts.parquet", index=False)
    with pytest.raises(InputError, match="values of effect differ"):
        audit(finished)


def scores_and_fit(choice, r_test):
    """The scores of a run and another library's fit: one layer, electrode and bin, two folds."""
    run = pd.DataFrame(
        {
            "layer": ["l0"], "electrode": ["A1"], "bin_ms": [0.0], "r_val": [0.2], "chosen": [True],
            "r_test_fold0": [0.3], "r_test_fold1": [0.3],
            "alpha_fold0": [np.inf], "alpha_fold1": [100.0],
        }
    )  # fmt: skip
    shape = (1, 2, 1, 1)
    fit = Fit(
        layers=["l0"],
        alphas=np.array([1.0, 100.0, np.inf]),
        blocks=np.array(["film:0"]),
        fold=np.zeros(1),
        state=np.zeros((1, 1)),
        r_val=np.full(shape, 0.2),
        z_val=np.full(shape, 0.2),
        r_test=np.reshape(r_test, shape),
        choice=np.reshape(choice, shape),
        edge_gain=np.zeros((2, *shape)),
        layer=np.zeros((2, 1), int),
        influence=None,
        predictions=None,
    )
    return run, fit


def test_a_tie_of_one_fold_is_no_error_and_a_difference_at_the_same_penalty_is():
    def disagreements(choice, r_test):
        run, fit = scores_and_fit(choice, r_test)
        table = with_himalaya(run, fit, np.array(["A1"]), np.array([0.0]), 1e-4)
        return dict(zip(table["quantity"], table["disagreements"], strict=True))

    assert not any(disagreements([2, 1], [0.3, 0.3]).values())
    # Another penalty that validates as well, beside an infinite one.
    assert not any(disagreements([2, 0], [0.3, 0.31]).values())
    assert disagreements([2, 1], [0.3, 0.31])["r_test"] == 1
    assert disagreements([2, 1], [np.nan, 0.3])["r_test"] == 1
