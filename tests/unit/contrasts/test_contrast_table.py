"""Choice on validation, pairing by id, and what happens at the edges."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_fits import compare
from made_fits import make_fit as fit
from made_fits import write_fit as fit_file

from fusion.contrasts import fits as fitted
from fusion.contrasts import frame, job
from fusion.contrasts.calibrated import Calibrated
from fusion.contrasts.spec import CalibratedSpec, ContrastsSpec
from fusion.io.errors import InputError
from fusion.io.labelled import open_labelled

WINDOWS = {"after": (0, 1000)}
SPEC = CalibratedSpec(bin_weights="validation", multipliers=100, min_blocks=8)


def run(fits, a="a", b="b", alternative="greater", windows=WINDOWS, **changes):
    procedure = Calibrated(replace(SPEC, **changes), np.random.default_rng(0))
    comparison = compare(a, b, alternative)
    return frame.contrast_table(fits, comparison, windows, procedure).set_index("electrode")


def test_columns_and_a_planted_difference():
    found = run([fit("a-trained-true", effect=0.2), fit("b-trained-true", effect=0.05)])
    assert list(found.columns) == [name for name in frame.COLUMNS if name != "electrode"]
    assert found["tested"].all() and (found["p"] < 1e-3).all() and (found["p_max"] <= 3 / 101).all()
    assert np.allclose(found["effect"], 0.15, atol=0.05)
    assert (found["n_events"] == 1200).all() and (found["n_blocks"] == 30).all()


def test_the_window_decides_what_is_tested():
    a = fit("a-trained-true")
    early = a.bins < 0
    a.z[..., early] += 5
    assert (run([a, fit("b-trained-true")])["effect"].abs() < 1).all()
    assert (run([a, fit("b-trained-true")], windows={"before": (-500, -1)})["effect"] > 4).all()
    assert (run([a, fit("b-trained-true")], windows={"before": (-500, -1)})["latency_ms"] < 0).all()


def test_the_best_of_a_set_is_chosen_on_validation_only():
    """Test scores that contradict the validation scores must not change the choice."""
    better, worse = (
        fit("a-trained-true", effect=0.1, validation=0.0),
        fit("c-trained-true", effect=-0.1, validation=0.3),
    )
    found = run(
        [better, worse, fit("b-trained-true")],
        a=["a", "c"],
    )
    assert (found["a"] == "c-trained-true").all() and (found["effect"] < 0).all()


def test_ranks():
    members = [
        fit(f"{name}-trained-true", validation=v)
        for name, v in (("a", 0.1), ("b", 0.3), ("c", 0.2))
    ]
    names = [m.name for m in members]
    found = run(members, a={"rank": 1, "of": names}, b={"rank": 2, "of": names})
    assert (found["a"] == "b-trained-true").all() and (found["b"] == "c-trained-true").all()
    beyond = run(members, a={"rank": 1, "of": names}, b={"rank": 4, "of": names})
    assert not beyond["tested"].any() and (beyond["reason"] == "no fit for b").all()


def test_against_nothing_is_the_score_itself():
    a = fit("a-trained-true", effect=0.1)
    found = run([a], b="nothing", bin_weights="equal")
    in_window = (a.bins >= 0) & (a.bins <= 1000)
    assert np.allclose(found["effect"], a.z[..., in_window].mean((0, 2)))
    assert (found["b"] == "nothing").all() and (found["r_b"] == 0).all()


def test_swapping_sides_mirrors_the_test():
    pair = [fit("a-trained-true", effect=0.02), fit("b-trained-true")]
    one, other = (
        run(pair, alternative="two-sided"),
        run(pair, a="b", b="a", alternative="two-sided"),
    )
    assert (
        np.allclose(one["effect"], -other["effect"])
        and np.allclose(one["p"], other["p"])
        and np.allclose(one["ci_low"], -other["ci_high"])
    )


def test_electrodes_are_paired_by_name_not_by_place():
    a = fit("a-trained-true", electrodes=["A1", "A2", "B1"], effect=np.array([[0.3], [0.0], [0.0]]))
    b = fit("b-trained-true", electrodes=["B1", "A1", "C1"])
    found = run([a, b])
    assert found.loc["A1", "effect"] > 0.2 and abs(found.loc["B1", "effect"]) < 0.1
    assert (
        found.loc["A2", "reason"] == "no fit for b" and found.loc["C1", "reason"] == "no fit for a"
    )
    assert (
        not found.loc[["A2", "C1"], "tested"].any()
        and found.loc["C1", ["effect", "p", "latency_ms"]].isna().all()
    )


def test_a_model_alone_at_an_electrode_does_not_win():
    """Best of a set against one absent model: not tested, rather than won by default."""
    found = run([fit("a-trained-true", effect=0.5), fit("b-trained-true", electrodes=["E0"])])
    assert found["tested"].tolist() == [True] + [False] * 5


def test_the_same_fit_on_both_sides_is_not_tested():
    found = run([fit("a-trained-true")], b="a")
    assert (found["reason"] == "a and b are the same fit").all()


def test_zero_electrodes_give_an_empty_table():
    found = run(
        [
            fit("a-trained-true", electrodes=[], n_electrodes=0),
            fit("b-trained-true", electrodes=[], n_electrodes=0),
        ]
    )
    assert len(found) == 0 and "p" in found


def test_too_few_blocks_say_so():
    found = run([fit("a-trained-true", n_blocks=5), fit("b-trained-true", n_blocks=5)])
    assert (found["reason"] == "5 blocks of film time, fewer than 8").all() and found[
        "p"
    ].isna().all()
    found = run(
        [fit("a-trained-true", n_blocks=5), fit("b-trained-true", n_blocks=5)], min_blocks=2
    )
    assert (found["reason"] == "5 blocks of film time, fewer than 6").all(), (
        "five folds leave no degree of freedom"
    )


def test_blocks_of_a_film_that_an_electrode_lacks_are_no_samples():
    a, b = fit("a-trained-true"), fit("b-trained-true")
    for one in (a, b):
        one.influence[:, :, 20:, 1] = 0
    found = run([a, b])
    assert (
        found["n_blocks"].tolist() == [30, 20, 30, 30, 30, 30]
        and (found["df"] == found["n_blocks"] - len(a.z)).all()
    )
    fewer = [
        fitted.FitScores(
            f.name,
            f.electrodes,
            f.blocks[:20],
            f.bins,
            f.z,
            f.z_val,
            f.influence[:, :, :20],
            f.layers,
            9,
        )
        for f in (a, b)
    ]
    assert np.allclose(
        found.loc["E1", ["se", "p"]].astype(float), run(fewer).loc["E1", ["se", "p"]].astype(float)
    )


def test_a_choice_is_made_within_each_fold():
    """In every fold the candidate with the better validation score of that fold counts, with its
    own influence.
    """
    a, c, b = (
        fit("a-trained-true", n_electrodes=1),
        fit("c-trained-true", n_electrodes=1),
        fit("b-trained-true", n_electrodes=1),
    )
    a.z_val[:], c.z_val[:] = (
        np.array([1, 0, 0, 0, 0])[:, None, None],
        np.array([0, 1, 1, 1, 1])[:, None, None],
    )
    found = run([a, c, b], a=["a", "c"], bin_weights="equal")
    w = (a.bins >= 0) & (a.bins <= 1000)
    z, parts = (
        np.concatenate([a.z[:1], c.z[1:]]) - b.z,
        np.concatenate([a.influence[:1], c.influence[1:]]) - b.influence,
    )
    sums = parts[..., w].mean(-1).sum(0)[..., 0]
    assert found["effect"].item() == pytest.approx(z[..., w].mean())
    assert found["se"].item() == pytest.approx(
        np.sqrt(30 * (np.var(sums[0], ddof=5) + np.var(sums[1], ddof=1))), rel=1e-5
    )
    assert found["a"].item() == "c-trained-true"


def test_pieces_of_electrodes_do_not_matter():
    """One job tests all contrasts piece by piece: what it finds is what each finds alone."""
    loaded = [
        fit("a-trained-true", electrodes=["A", "B", "C", "D", "E"]),
        fit("b-trained-true", electrodes=["E", "C", "A", "B", "D"]),
        fit("c-trained-true", electrodes=["A", "B", "C", "D", "E"]),
    ]
    comparisons = (compare("a", "b", name="ab"), compare("c", name="c", alternative="two-sided"))
    spec = ContrastsSpec(
        subject="01",
        alignment="language",
        fits=tuple(one.name for one in loaded),
        comparisons=comparisons,
        windows={"before": (-500, -1), **WINDOWS},
        primary_window=next(iter(WINDOWS)),
        validation="nested",
        calibrated=SPEC,
        paper=None,
        block_bootstrap=None,
        seed=0,
    )

    def procedures(comparison):
        return Calibrated(SPEC, np.random.default_rng(len(comparison.name)))

    each_mb = sum(one.influence[:, :, :, :1].nbytes for one in loaded) / 2**20
    assert job.piece_size(loaded, 2.5 * each_mb) == 2
    whole = job.test_contrasts(loaded, spec, procedures)
    pieces = job.test_contrasts(loaded, spec, procedures, piece_mb=2.5 * each_mb)
    pd.testing.assert_frame_equal(pieces, whole, rtol=1e-6)
    alone = [
        frame.contrast_table(loaded, own, spec.windows, procedures(own)) for own in comparisons
    ]
    pd.testing.assert_frame_equal(
        whole.drop(columns=["subject", "alignment"]), pd.concat(alone, ignore_index=True), rtol=1e-6
    )
    assert (whole["subject"] == "01").all() and (whole["alignment"] == "language").all()


def test_one_bad_electrode_leaves_the_others_alone():
    a, b = fit("a-trained-true"), fit("b-trained-true")
    whole = run([a, b])
    a.z[:, 2], a.z_val[:, 2], a.influence[:, :, :, 2] = np.nan, np.nan, np.nan
    found = run([a, b])
    assert not found.loc["E2", "tested"]
    assert found.drop("E2").equals(whole.drop("E2"))


@pytest.mark.parametrize("what", ["blocks", "bins"])
def test_unpaired_fits_are_refused(what):
    other = (
        fit("b-trained-true", n_blocks=31)
        if what == "blocks"
        else fit("b-trained-true", bins=np.arange(0.0, 1000, 100))
    )
    with pytest.raises(InputError, match=what):
        run([fit("a-trained-true"), other])


def test_a_window_without_bins_is_refused():
    with pytest.raises(InputError, match="windows.late"):
        run([fit("a-trained-true"), fit("b-trained-true")], windows={"late": (5000, 6000)})


def test_a_file_survives_the_round_trip_and_a_wrong_one_is_refused(tmp_path):
    a = fit("a-trained-true")
    with open_labelled(fit_file(a, tmp_path / "influence.nc")) as dataset:
        read = fitted.read_scores(dataset, "influence.nc")
        some = read.load(slice(1, 4))
        assert np.array_equal(some.influence, a.influence[:, :, :, 1:4])
        assert some.electrodes == a.electrodes[1:4]
        with pytest.raises(InputError, match="'z_val_fold'"):
            fitted.read_scores(dataset.drop_vars("z_val_fold"), "influence.nc")
    assert (read.name, read.electrodes, read.blocks, read.layers, read.n_events) == (
        a.name,
        a.electrodes,
        a.blocks,
        a.layers,
        a.n_events,
    )
    assert np.allclose(read.z, a.z, atol=1e-6) and np.allclose(read.z_val, a.z_val, atol=1e-6)


def test_a_rival_that_predicts_has_to_be_beaten_whatever_validation_chose():
    """c wins the validation of every fold, b predicts as well as a does: no win for a."""
    a, b = fit("a-trained-true", effect=0.1), fit("b-trained-true", effect=0.1, validation=0.05)
    c = fit("c-trained-true", effect=0.0, validation=0.1)
    alone, both = run([a, c], b="c"), run([a, b, c], b=["b", "c"])
    assert (alone["p"] < 0.001).all() and (both["b"] == "c-trained-true").all()
    assert np.allclose(both["effect"], alone["effect"]) and np.allclose(both["t"], alone["t"])
    assert np.allclose(both["p"], np.maximum(run([a, b])["p"], alone["p"]))
    assert (both["p"] > 0.01).all()
    assert np.allclose(both["p_max"], np.maximum(run([a, b])["p_max"], alone["p_max"]))
    assert (both["p_max"] > alone["p_max"]).any()
    two_sided = run([a, b, c], b=["b", "c"], alternative="two-sided")
    assert np.allclose(two_sided["p"], run([a, c], b="c", alternative="two-sided")["p"])


def test_a_rival_that_predicts_nothing_is_left_to_the_choice():
    a, c = fit("a-trained-true", effect=0.1), fit("c-trained-true", effect=0.05)
    worse = fit("b-trained-true", effect=-0.1, validation=-0.1)
    found = run([a, c, worse], b=["c", "b"])
    assert np.allclose(found["p"], run([a, c], b="c")["p"])


def test_missing_rivals_change_nothing():
    a, c = fit("a-trained-true", effect=0.1), fit("c-trained-true", effect=0.05)
    some = fit("b-trained-true", effect=0.3, validation=-0.1, electrodes=["E1"])
    found, without = run([a, c, some], b=["c", "b"]), run([a, c], b="c")
    assert found.loc["E1", "p"] > 0.9 > without.loc["E1", "p"]
    assert np.allclose(found["p"].drop("E1"), without["p"].drop("E1"))
