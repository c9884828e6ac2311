"""The paper's preset, rule by rule, against its published code written out as the plain loop that
it is: scores, gate, ranks, discoveries on a simulated subject.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers.scripts import run_script
from scipy import stats
from sklearn.model_selection import KFold
from statsmodels.stats.multitest import multipletests

from fusion.contrasts import bootstrap, correct, sites
from fusion.contrasts.places import merge_electrodes
from fusion.contrasts.spec import BootstrapSpec, Comparison, ContrastsSpec, PaperSpec, SitesSpec
from fusion.encoding.spec import EncodeSpec, FitSpec
from fusion.ids import FitId, Operand
from fusion.io import labelled
from fusion.io.tables import read_parquet, write_tsv
from fusion.seeds import rng_for

REPOSITORY = Path(__file__).parents[3]
PRESET = yaml.safe_load((REPOSITORY / "config/paper.yaml").read_text())
ENCODING = PRESET["encoding"]
BINS = np.arange(-2000.0, 2001.0, 175.0)
ELECTRODES = ["better", "same", "vision", "short", "none", "weak"]
NETWORKS = {"slip": "multimodal", "flava": "multimodal", "simclr": "unimodal", "simcse": "unimodal"}
RESAMPLES, LEVEL = 12, 0.05
COMPARISONS = {
    "multi-beats-unimodal": (["slip", "flava"], ["simclr", "simcse"], "multimodal"),
    "slip-beats-simclr": (["slip"], ["simclr"], "matched"),
}
SEED = 3


def subject(alignment, n):
    """Return events, film time, network -> features, and responses (event, electrode, bin).

    simclr knows vision, simcse language, flava both, and slip vision and what no other knows.
    "better", "short" (in six bins only) and "weak" follow that as well as vision.
    """
    rng = np.random.default_rng([7, n])
    streams = {name: rng.standard_normal((n, 4)) for name in ("vision", "language", "joint")}
    noise = {name: rng.standard_normal((n, 10)) for name in NETWORKS}
    knows = {
        "slip": ("vision", "joint"),
        "flava": ("vision", "language"),
        "simclr": ("vision",),
        "simcse": ("language",),
    }
    features = {
        name: np.hstack([*(streams[one] for one in knows[name]), noise[name]]) for name in NETWORKS
    }
    course = np.exp(-(((BINS - 300) / 900) ** 2))
    narrow = (np.abs(BINS - 300) < 500).astype(float)
    parts = {
        "better": (streams["vision"], streams["joint"], course),
        "same": (streams["vision"], 0 * streams["joint"], course),
        "vision": (streams["vision"], 0 * streams["joint"], 0.7 * course),
        "short": (streams["vision"], streams["joint"], narrow),
        "none": (0 * streams["vision"], 0 * streams["joint"], course),
        "weak": (0.15 * streams["vision"], 0.15 * streams["joint"], course),
    }
    responses = rng.standard_normal((n, len(ELECTRODES), len(BINS)))
    for e, name in enumerate(ELECTRODES):
        first, second, shape = parts[name]
        signal = first @ rng.standard_normal(4) + second @ rng.standard_normal(4)
        responses[:, e] += 0.9 * signal[:, None] * shape
    onset = np.sort(rng.uniform(0, n, n))
    events = np.array([f"{alignment[0]}{k:05d}" for k in range(n)])
    return events, onset, {k: v.astype(np.float32) for k, v in features.items()}, responses


def one_fit(x, y):
    """Return validation and test r (target) of one network: penalties tried one by one, five
    contiguous folds, held-out blocks halved, every feature and a column of ones penalised.
    """
    tried = []
    for alpha in 10.0 ** np.arange(-1, 6):
        validation, test = [], []
        for train, held in KFold(5, shuffle=False).split(x):
            mean, scale = x[train].mean(0), x[train].std(0)
            z = np.c_[np.ones(len(x)), (x - mean) / scale]
            inner = z[train].T @ z[train] + alpha * np.eye(z.shape[1])
            weights = np.linalg.solve(inner, z[train].T @ y[train])
            for into, rows in (
                (validation, held[: len(held) // 2]),
                (test, held[len(held) // 2 :]),
            ):
                predicted = z[rows] @ weights
                into.append(pearson(predicted, y[rows]))
        tried.append((np.mean(validation, 0), np.mean(test, 0)))
    best = np.argmax([validation for validation, _ in tried], axis=0)
    targets = range(y.shape[1])
    return [np.array([tried[best[t]][part][t] for t in targets]) for part in (0, 1)]


def pearson(a, b):
    """Return r of the columns of two arrays."""
    a, b = a - a.mean(0), b - b.mean(0)
    return (a * b).sum(0) / np.sqrt((a**2).sum(0) * (b**2).sum(0))


def published(data):
    """Return the published analysis as one plain loop.

    Returns
    -------
    scores
        (alignment, network) -> validation and test r (resample, electrode, bin).
    rows
        Comparison -> rows with electrode, alignment, ranks, p and numbers of bins.
    """
    scores, comparisons = {}, {name: [] for name in COMPARISONS}
    for alignment, (_, _, features, y, draws) in data.items():
        targets = y.reshape(len(y), -1)
        for network in NETWORKS:
            made = [one_fit(features[network][own], targets[own]) for own in draws]
            shape = (2, len(draws), len(ELECTRODES), len(BINS))
            scores[alignment, network] = np.array(made).swapaxes(0, 1).reshape(shape)
    for alignment in data:
        counted, ranks, test = {}, {}, {}
        for network in NETWORKS:
            validation, test[network] = scores[alignment, network]
            counted[network] = np.percentile(validation, 2.5, axis=0) > 0
            test[network] = test[network].mean(0)
            ranks[network] = [
                validation.mean(0)[e, counted[network][e]].mean()
                if counted[network][e].any()
                else -9
                for e in range(len(ELECTRODES))
            ]
        for name, (first, second, _) in COMPARISONS.items():
            for e, electrode in enumerate(ELECTRODES):
                a = max(first, key=lambda one, e=e: ranks[one][e])
                b = max(second, key=lambda one, e=e: ranks[one][e])
                both = counted[a][e] & counted[b][e]
                if both.sum() < 2:
                    continue
                p = stats.ttest_rel(
                    test[a][e, both], test[b][e, both], alternative="greater"
                ).pvalue
                row = (electrode, alignment, a, b, p, counted[a][e].sum(), counted[b][e].sum())
                comparisons[name].append(row)
    columns = ["electrode", "alignment", "a", "b", "p", "n_a", "n_b"]
    made = {name: pd.DataFrame(rows, columns=columns) for name, rows in comparisons.items()}
    for rows in made.values():
        rows["q"] = multipletests(rows["p"], method="fdr_bh")[1]
        rows["found"] = (rows["q"] < LEVEL) & (rows["n_a"] >= 10) & (rows["n_b"] >= 10)
    return scores, made


def write(folder, alignment, events, onset, features, y):
    attrs = {"stimulus": "film", "init": "trained", "pairing": "true", "card": json.dumps({})}
    for network, values in features.items():
        path = folder / f"{alignment}-{network}.nc"
        with labelled.create(path, {"event": events}, attrs | {"model": network}) as file:
            labelled.add_dimension(file, "feature_00", values.shape[1])
            dims = ("event", "feature_00")
            labelled.add(file, "layer_00", dims, values, attrs={"layer": "last"})
    attrs = {"recording": "film", "stimulus": "film", "subject": "01", "alignment": alignment}
    coords = {"event": events, "electrode": ELECTRODES, "bin_ms": BINS}
    with labelled.create(folder / f"{alignment}.nc", coords, attrs) as file:
        labelled.add(file, "response", ("event", "electrode", "bin_ms"), y.astype(np.float32))
        labelled.add(file, "onset_s", ("event",), onset)


@pytest.fixture(scope="module")
def workflow(tmp_path_factory):
    """Run the rules of the preset; return the data, intervals, contrasts and sites."""
    folder = tmp_path_factory.mktemp("preset")
    data, intervals, tables = {}, {}, []
    places = pd.DataFrame({"electrode": ELECTRODES, "kept": True, "reason": None})
    for column in ("x", "y", "z", "space", "region", "hemisphere"):
        places[column] = None
    write_tsv(places, folder / "film.tsv")
    settings = FitSpec(**{**ENCODING, "alphas": tuple(ENCODING["alphas"])})
    for alignment, n in (("language", 180), ("vision", 143)):
        events, onset, features, y = subject(alignment, n)
        write(folder, alignment, events, onset, features, y)
        rng = rng_for(SEED, "bootstrap", "01", alignment, "film")
        counts = bootstrap.resample_counts(rng, n, RESAMPLES)
        draws = [np.repeat(np.arange(n), own) for own in counts]
        data[alignment] = (events, onset, features, y.astype(np.float32), draws)
        files = {"influence": [], "bootstrap": [], "electrodes": [folder / "film.tsv"]}
        for network in NETWORKS:
            spec = EncodeSpec(
                "01", alignment, (FitId(network),), (("film", network),), None, settings
            )
            made = {
                key: folder / f"{alignment}-{network}-{key}"
                for key in ("scores", "influence", "predictions")
            }
            inputs = {
                "responses": [folder / f"{alignment}.nc"],
                "activations": [folder / f"{alignment}-{network}.nc"],
            }
            run_script(
                "encode",
                inputs,
                {key: [path] for key, path in made.items()},
                spec,
                resources={"gpu": 0},
            )
            path = folder / f"{alignment}-{network}-bootstrap.nc"
            run_script(
                "bootstrap",
                inputs | {"influence": made["influence"]},
                {"intervals": path},
                BootstrapSpec(spec, RESAMPLES, SEED),
            )
            with labelled.open_labelled(path) as file:
                intervals[alignment, network] = {k: file[k].values for k in file.data_vars}
            files["influence"].append(made["influence"])
            files["bootstrap"].append(path)
        statistics = PRESET["statistics"]
        spec = ContrastsSpec(
            subject="01",
            alignment=alignment,
            fits=tuple(str(FitId(network)) for network in NETWORKS),
            comparisons=tuple(
                Comparison(name, Operand.parse(a), Operand.parse(b), "greater")
                for name, (a, b, _) in COMPARISONS.items()
            ),
            windows={name: tuple(w) for name, w in statistics["windows"].items()},
            primary_window=statistics["primary_window"],
            validation=ENCODING["validation"],
            calibrated=None,
            paper=PaperSpec(statistics["paper"]["gate_bins"]),
            block_bootstrap=None,
            seed=SEED,
        )
        made = {"table": folder / f"{alignment}.parquet", "regions": folder / "regions.parquet"}
        run_script("contrasts", files, made, spec)
        assert read_parquet(made["regions"]).empty, "this procedure has no block influences"
        tables.append(read_parquet(folder / f"{alignment}.parquet"))
    spec = SitesSpec(
        roles={name: role for name, (_, _, role) in COMPARISONS.items()},
        alone=(),
        alignments=tuple(data),
        window=PRESET["statistics"]["primary_window"],
        level=PRESET["statistics"]["level"],
        correction=PRESET["statistics"]["correction"],
        modality={},
        subjects={},
        as_published=True,
    )
    contrasts = correct.add_families(pd.concat(tables, ignore_index=True), spec)
    found = sites.site_table(merge_electrodes({("01", "film"): places}), contrasts, spec)
    return data, intervals, contrasts, found


@pytest.fixture(scope="module")
def oracle(workflow):
    return published(workflow[0])


def test_scores_and_gate_are_those_of_the_plain_loop(workflow, oracle):
    _, intervals, _, _ = workflow
    largest = 0.0
    for key, (validation, test) in oracle[0].items():
        found = intervals[key]
        expected = {
            "r_val_mean": validation.mean(0),
            "r_test_mean": test.mean(0),
            "r_val_low": np.percentile(validation, 2.5, axis=0),
            "r_test_high": np.percentile(test, 97.5, axis=0),
        }
        for name, values in expected.items():
            largest = max(largest, float(np.abs(found[name] - values).max()))
        assert ((found["r_val_low"] > 0) == (expected["r_val_low"] > 0)).all()
        assert 0 < (expected["r_val_low"] > 0).mean() < 1
    print(f"largest difference of a score or an end of an interval: {largest:.1e}")
    assert largest < 1e-4


@pytest.mark.parametrize("name", COMPARISONS)
def test_ranks_tests_and_discoveries_are_those_of_the_plain_loop(workflow, oracle, name):
    _, _, contrasts, _ = workflow
    expected = oracle[1][name].set_index(["electrode", "alignment"])
    rows = contrasts[contrasts["contrast"] == name].set_index(["electrode", "alignment"])
    compared = rows[rows["p"].notna()]
    assert set(compared.index) == set(expected.index)
    for index, row in expected.iterrows():
        own = compared.loc[index]
        assert (own["a"], own["b"]) == (f"{row['a']}-trained-true", f"{row['b']}-trained-true")
        assert own["p"] == pytest.approx(row["p"], rel=1e-2, abs=1e-12)
        assert bool(own["tested"]) == (row["n_a"] >= 10 and row["n_b"] >= 10)
        assert (own["q"] < LEVEL) == row["found"]
    assert 0 < expected["found"].sum() < len(expected)
    # Electrodes with too few bins are corrected with the others, and are no discoveries.
    short = expected[~((expected["n_a"] >= 10) & (expected["n_b"] >= 10))]
    assert len(short)
    assert compared.loc[short.index, "q"].isna().all()


def test_alignments_are_counted_as_published(workflow, oracle):
    _, _, _, found = workflow
    found = found[0].set_index("electrode")
    for name, (_, _, role) in COMPARISONS.items():
        rows = oracle[1][name]
        counts = rows[rows["found"]].groupby("electrode")["alignment"].nunique()
        for electrode in ELECTRODES:
            n = counts.get(electrode, 0)
            assert (found.loc[electrode, f"{role}_any"] is True) == (n >= 1)
            assert (found.loc[electrode, f"{role}_all"] is True) == (n == 2)
