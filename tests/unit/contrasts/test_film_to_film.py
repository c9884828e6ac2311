"""From film to film: folds, the test between films, and two planted films of which one sees the
verdict again and the other does not.
"""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from helpers.scripts import REPOSITORY, design_for, run_script
from sklearn.linear_model import Ridge

from fusion.contrasts import correct, film_to_film, replication
from fusion.contrasts.spec import CalibratedSpec, Comparison, FilmToFilmSpec, SitesSpec
from fusion.design.config import read_yaml
from fusion.design.design import Design
from fusion.encoding.fit import fit_electrodes
from fusion.encoding.folds import film_pairs, make_folds
from fusion.encoding.spec import EncodeSpec, FitSpec, Settings
from fusion.ids import FitId, Operand
from fusion.io import labelled

BINS = np.array([0.0, 100.0, 200.0, 300.0])
FITTING = FitSpec(folds=4, gap_s=2, block_s=10, alphas=(1, 100, 10000), clip_mad=False)
SITES = SitesSpec(
    roles={"multi": "multimodal", "linear": "linear", "signal": "signal"},
    alone=("signal",),
    alignments=("language",),
    window="after",
    level=0.05,
    correction="bh",
    modality={},
    subjects={},
)


def clock(n_films, n_events=300, spacing_s=0.8):
    """Return film time and film of the events of some films, shuffled."""
    onset = np.tile(np.arange(n_events) * spacing_s, n_films)
    film = np.repeat([f"film{k}" for k in range(n_films)], n_events)
    order = np.random.default_rng(0).permutation(len(film))
    return onset[order], film[order]


@pytest.mark.parametrize("n_films", [2, 3])
def test_a_fold_trains_on_one_film_and_tests_on_another(n_films):
    onset, film = clock(n_films, 60)
    folds = make_folds(onset, film, k=3, split="one_film", gap_s=2)
    pairs = film_pairs(film)
    assert len(folds.outer) == len(pairs) == n_films * (n_films - 1)
    for f, (held, (trained, tested)) in enumerate(zip(folds.outer, pairs, strict=True)):
        assert set(film[held.train]) == {trained} and len(held.train) == 60
        assert set(film[held.scored[f]]) == {tested} and len(held.scored[f]) == 60
        validation = [inner for inner in folds.inner if f in inner.scored]
        assert sorted(np.concatenate([inner.scored[f] for inner in validation])) == sorted(
            np.flatnonzero(film == trained)
        )
        for inner in validation:
            assert set(film[inner.train]) == {trained}
            distance = np.abs(onset[inner.train][:, None] - onset[inner.scored[f]])
            assert distance.min() >= 2
    with pytest.raises(ValueError, match="at least two"):
        make_folds(onset[film == "film0"], film[film == "film0"], split="one_film")


def test_scores_are_those_of_scikit_learn_from_film_to_film():
    rng = np.random.default_rng(1)
    onset, film = clock(2)
    x = rng.standard_normal((len(onset), 6))
    y = x[:, :2, None] @ np.ones((1, 2)) + rng.standard_normal((len(onset), 2, 2))
    settings = Settings(
        folds=4, gap_s=2, alphas=(50.0,), split="one_film", clip_mad=False, influence=False
    )
    fit = fit_electrodes({"layer": x}, y.astype(np.float32), onset, film, settings)
    for f, (one, other) in enumerate(film_pairs(film)):
        train, test = film == one, film == other
        scaled = (x - x[train].mean(0)) / x[train].std(0)
        for e, b in np.ndindex(2, 2):
            # The engine standardises targets over all events, which leaves r as it is.
            ridge = Ridge(alpha=50.0).fit(scaled[train], y[train, e, b])
            expected = np.corrcoef(ridge.predict(scaled[test]), y[test, e, b])[0, 1]
            assert fit.r_test[0, f, e, b] == pytest.approx(expected, abs=1e-4)


def test_variance_is_taken_about_the_mean_of_each_film():
    rng = np.random.default_rng(2)
    blocks = [f"a:{k}" for k in range(12)] + [f"b:{k}" for k in range(9)]
    sums = rng.standard_normal((2, 21, 3))
    active = np.ones(sums.shape, bool)
    active[0, :12] = active[1, 12:] = False  # trained on a, tested on b
    variance, df, n_blocks = film_to_film.film_variance(sums, active, blocks)
    test, training = 9 * sums[0, 12:].var(axis=0, ddof=1), 12 * sums[1, :12].var(axis=0, ddof=1)
    assert variance == pytest.approx(test + training)
    assert df == pytest.approx((test + training) ** 2 / (test**2 / 8 + training**2 / 11))
    assert list(n_blocks) == [9, 9, 9]
    active[0, 13:] = False
    assert np.isnan(film_to_film.film_variance(sums, active, blocks)[0]).all()


class Dataset:
    """Two films of events, two networks with features of their own, and responses that follow
    them: electrode -> film -> network.
    """

    def __init__(
        self, folder, follows, films=("one", "two"), n_events=300, *, seed=0, noise=1.0, alike=False
    ):
        rng = np.random.default_rng(seed)
        self.folder, self.films = folder, films
        self.responses, self.activations = [], {"multi": [], "uni": []}
        weights = {model: rng.standard_normal(5) for model in self.activations}
        for film in films:
            events = np.array([f"w{k:05d}" for k in range(n_events)])
            onset = 5 + np.cumsum(rng.gamma(4, 0.2, n_events))
            x = {model: rng.standard_normal((n_events, 5)) for model in self.activations}
            if alike:  # two networks of equal information
                shared = rng.standard_normal((n_events, 5))
                x = {model: shared + own for model, own in x.items()}
            signal = np.stack(
                [
                    (shared if alike else x[own[film]]) @ weights[own[film]]
                    if own.get(film)
                    else np.zeros(n_events)
                    for own in follows.values()
                ],
                axis=1,
            )
            shape = (*signal.shape, len(BINS))
            values = 0.3 * signal[..., None] + noise * rng.standard_normal(shape)
            attrs = {"recording": f"sub-01_task-{film}", "stimulus": film}
            attrs |= {"subject": "01", "alignment": "language"}
            path = folder / f"{film}.nc"
            coords = {"event": events, "electrode": list(follows), "bin_ms": BINS}
            with labelled.create(path, coords, attrs) as file:
                labelled.add(
                    file, "response", ("event", "electrode", "bin_ms"), values.astype(np.float32)
                )
                labelled.add(file, "onset_s", ("event",), onset)
            self.responses.append(path)
            for model, features in x.items():
                path = folder / f"{film}_{model}.nc"
                card = {"card": json.dumps({"name": model})}
                ids = {"stimulus": film, "model": model, "init": "trained", "pairing": "true"}
                with labelled.create(path, {"event": events}, card | ids) as file:
                    labelled.add_dimension(file, "feature_00", 5)
                    labelled.add(
                        file,
                        "layer_00",
                        ("event", "feature_00"),
                        features.astype(np.float32),
                        attrs={"layer": "last"},
                    )
                self.activations[model].append((film, model, path))

    def spec(self):
        """Return what the design would give the job."""
        multi, uni = Operand.parse("multi"), Operand.parse("uni")
        return FilmToFilmSpec(
            subject="01",
            alignment="language",
            fits=tuple(
                EncodeSpec(
                    "01",
                    "language",
                    (FitId(model),),
                    tuple((film, name) for film, name, _ in files),
                    None,
                    FITTING,
                )
                for model, files in self.activations.items()
            ),
            comparisons=(
                Comparison("multi", multi, uni, "greater"),
                Comparison("linear", multi, uni, "greater"),
                Comparison("signal", Operand.parse(["multi", "uni"]), Operand(()), "greater"),
            ),
            window_name="after",
            window=(0, 300),
            bin_width_ms=200,
            calibrated=CalibratedSpec(multipliers=100),
            seed=0,
        )

    def run(self):
        """Run the script and return its table."""
        files = [path for own in self.activations.values() for _, _, path in own]
        inputs = {"responses": self.responses, "activations": files}
        out = {"table": self.folder / "table.parquet"}
        run_script("film_to_film", inputs, out, self.spec())
        return pd.read_parquet(self.folder / "table.parquet")


def test_a_verdict_is_found_again_in_the_films_whose_responses_follow_it(tmp_path):
    follows = {
        "both": {"one": "multi", "two": "multi"},
        "first": {"one": "multi"},
        "unimodal": {"one": "uni", "two": "uni"},
        "silent": {},
    }
    table = Dataset(tmp_path, follows).run()
    assert set(zip(table["trained_on"], table["tested_on"], strict=True)) == {
        ("one", "two"),
        ("two", "one"),
    }
    assert table["tested"].all()
    joined = correct.between_films(table, SITES)
    assert set(joined["family"].str.split(": ").str[0]) == {"one to two", "two to one"}
    sites = pd.DataFrame(
        {
            "subject": "01",
            "electrode": [*follows, "unimodal", "elsewhere"],
            "verdict": [
                "beats linear",
                "beats linear",
                "beats linear",
                "none",
                "beats linear",
                "beats linear",
            ],
        }
    ).drop_duplicates("electrode")
    said = replication.found_again(sites, joined, SITES)
    found = dict(zip(sites["electrode"], said, strict=True))
    # Where responses follow the network in one film only, nothing trained there predicts the other,
    # and nothing trained on the other predicts it.
    assert found == {
        "both": "2 of 2",
        "first": "0 of 2",
        "unimodal": "0 of 2",
        "silent": None,
        "elsewhere": None,
    }


def test_a_film_in_which_the_code_is_gone_does_not_find_it(tmp_path):
    """Three films, the code is absent from the third: fits of the first two find it in each
    other's film."""
    follows = {"site": {"one": "multi", "two": "multi"}, "other": {}}
    table = Dataset(tmp_path, follows, films=("one", "two", "zero"), noise=0.4).run()
    sites = pd.DataFrame({"subject": ["01"], "electrode": ["site"], "verdict": ["beats linear"]})
    assert replication.found_again(sites, table, SITES)[0] == "2 of 3"


@pytest.mark.parametrize("alike", [False, True], ids=["no signal", "equal information"])
def test_levels_hold_between_films(tmp_path, alike):
    """The difference of two networks at electrodes that follow neither, or what both share."""
    levels, spread = [], []
    for seed in range(4):
        own = {"one": "multi", "two": "multi"} if alike else {}
        electrodes = {f"E{k}": own for k in range(100)}
        (folder := tmp_path / str(seed)).mkdir()
        table = Dataset(folder, electrodes, n_events=200, seed=seed, alike=alike).run()
        rows = table[table["contrast"] == "multi"]
        levels.append(rows["p"] < 0.05)
        spread.append(rows["t"])
    assert 0.01 < np.mean(levels) < 0.08
    assert np.std(spread) < 1.1


def test_electrodes_of_one_film_have_no_rows(tmp_path):
    data = Dataset(tmp_path, {"A1": {}}, films=("one", "two"))
    data.responses = data.responses[:1]
    table = data.run()
    assert table.empty and list(table) == film_to_film.COLUMNS
    sites = pd.DataFrame({"subject": ["01"], "electrode": ["A1"], "verdict": ["beats linear"]})
    assert replication.found_again(sites, table, SITES).isna().all()
    assert correct.between_films(table, SITES).empty


def design(n_films, **statistics):
    """Return a design whose first subject saw some films, and the others one."""
    config = read_yaml(REPOSITORY / "config/config.yaml")
    own = design_for(config | {"statistics": statistics})
    first = next(iter(own.study.recordings.values()))
    more = {f"{first.name}_{k}": replace(first, stimulus=f"film{k}") for k in range(1, n_films)}
    return Design(replace(own.study, recordings=own.study.recordings | more))


def test_one_film_makes_no_job():
    assert design(1).film_to_film.tables == []
    assert "film_to_film" not in design(1).sites.inputs()


def test_the_subjects_of_several_films_have_a_job_for_each_alignment():
    two = design(2)
    assert two.film_to_film.tables == [
        f"<results>/intermediate/film_to_film/01_{alignment}.parquet"
        for alignment in ("language", "vision")
    ]
    assert two.sites.inputs()["film_to_film"] == "<results>/tables/film_to_film.tsv"
    ids = {"subject": "01", "alignment": "language"}
    spec = FilmToFilmSpec.read(two.film_to_film.spec(**ids))
    names = {one.name for one in spec.comparisons}
    # Those of the verdicts' fits, whatever their role; not those of other inits.
    assert {"multimodal_vs_unimodal", "any_vs_nothing", "slip_vs_clip"} <= names
    assert "trained_vs_random" not in names
    files = two.film_to_film.inputs(**ids)["activations"]
    assert len(files) == sum(len(fit.features) for fit in spec.fits)
    assert design(2, film_to_film=False).film_to_film.tables == []
    every = FilmToFilmSpec.read(design(2, film_to_film="all").film_to_film.spec(**ids))
    assert "trained_vs_random" in {one.name for one in every.comparisons}


def test_pairs_are_sorted():
    pairs = film_pairs(np.array(["b", "a", "c", "a"]))
    assert all(one <= other for one, other in pairwise(pairs)) and ("c", "a") in pairs
