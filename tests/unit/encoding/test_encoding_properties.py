"""What must not matter, and what must."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from fusion.encoding.fit import fit_electrodes
from fusion.encoding.scores import edge_gain
from fusion.encoding.spec import Settings

N = 300


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    layers = {"a": rng.standard_normal((N, 20)), "b": rng.standard_normal((N, 30))}
    responses = np.stack(
        [
            layers["a"][:, :5] @ rng.standard_normal((5, 3)),
            layers["b"][:, :5] @ rng.standard_normal((5, 3)),
        ]
        * 2,
        axis=1,
    )
    responses += 3 * rng.standard_normal(responses.shape)
    return layers, responses, np.cumsum(rng.exponential(0.5, N)), np.full(N, "film")


@pytest.fixture(scope="module")
def fitted(problem):
    return fit_electrodes(*problem, Settings(clip_mad=False, gap_s=4))


def same(one, other, atol=2e-6):
    for name in ("r_val", "r_test", "z_val"):
        assert np.allclose(getattr(one, name), getattr(other, name), atol=atol)
    assert (one.choice == other.choice).all()
    assert (one.layer == other.layer).all()


def test_the_layer_that_made_the_response_is_chosen(fitted):
    assert [fitted.layers[k] for k in fitted.chosen] == ["a", "b", "a", "b"]
    assert fitted.r.mean() > 0.2
    assert np.allclose(fitted.z, np.arctanh(fitted.of_layer(fitted.r_test)).mean(0), atol=1e-6)


def test_electrodes_do_not_know_of_each_other(problem, fitted):
    layers, responses, onset, film = problem
    order = [2, 0, 3, 1]
    permuted = fit_electrodes(
        layers, responses[:, order], onset, film, Settings(clip_mad=False, gap_s=4)
    )
    assert np.allclose(permuted.r_test, fitted.r_test[:, :, order], atol=2e-6)
    assert np.allclose(permuted.influence, fitted.influence[:, :, :, order], atol=2e-6)
    twice = fit_electrodes(
        layers,
        np.concatenate([responses, responses], axis=1),
        onset,
        film,
        Settings(clip_mad=False, gap_s=4),
    )
    assert np.allclose(twice.r_test[:, :, :4], twice.r_test[:, :, 4:], atol=2e-6)


def test_scale_and_offset_of_features_and_responses_do_not_matter(problem, fitted):
    layers, responses, onset, film = problem
    rng = np.random.default_rng(1)
    moved = {
        name: (
            values * rng.uniform(0.1, 1000, values.shape[1]) + rng.uniform(-50, 50, values.shape[1])
        )
        for name, values in layers.items()
    }
    same(
        fit_electrodes(
            moved, responses * 250.0 - 1000, onset, film, Settings(clip_mad=False, gap_s=4)
        ),
        fitted,
        atol=1e-5,
    )


def test_the_order_of_events_does_not_matter(problem, fitted):
    layers, responses, onset, film = problem
    order = np.random.default_rng(2).permutation(N)
    shuffled = fit_electrodes(
        {k: v[order] for k, v in layers.items()},
        responses[order],
        onset[order],
        film[order],
        Settings(clip_mad=False, gap_s=4),
    )
    same(shuffled, fitted)
    assert np.allclose(shuffled.predictions, fitted.predictions[order], atol=1e-4)
    assert (shuffled.fold == fitted.fold[order]).all()
    assert np.allclose(shuffled.influence, fitted.influence, atol=1e-6)


def test_features_of_other_moments_predict_nothing(problem):
    layers, responses, onset, film = problem
    order = np.random.default_rng(3).permutation(N)
    null = fit_electrodes(
        {k: v[order] for k, v in layers.items()},
        responses,
        onset,
        film,
        Settings(clip_mad=False, gap_s=4),
    )
    assert abs(null.r.mean()) < 0.05


@pytest.mark.parametrize("form", ["primal", "dual"])
def test_threads_do_not_change_the_result(problem, form):
    fits = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            settings = Settings(
                clip_mad=False, gap_s=4, form=form, alphas=(1.0, 100.0), validation="halves"
            )
            fits.append(fit_electrodes(*problem, settings))
    for name in ("r_val", "r_test", "influence", "predictions"):
        one, two = (np.nan_to_num(getattr(fit, name)) for fit in fits)
        assert np.abs(one - two).max() <= 1e-6 * max(1, np.abs(one).max())


def test_the_same_fit_twice_is_the_same_to_the_bit(problem, fitted):
    again = fit_electrodes(*problem, Settings(clip_mad=False, gap_s=4))
    for name in ("r_val", "r_test", "influence", "predictions"):
        assert np.array_equal(getattr(again, name), getattr(fitted, name), equal_nan=True)


def test_predictions_scores_and_folds_belong_together(problem, fitted):
    _, responses, _, _ = problem
    for f in range(5):
        rows = fitted.fold == f
        for e in range(4):
            r = [
                np.corrcoef(fitted.predictions[rows, e, b], responses[rows, e, b])[0, 1]
                for b in range(3)
            ]
            assert np.allclose(r, fitted.of_layer(fitted.r_test)[f, e], atol=2e-4), (
                "predictions are stored in float32"
            )


def test_nested_choices_of_a_fold_do_not_see_its_test_events(problem, fitted):
    layers, responses, onset, film = problem
    for f in (0, 3):
        other = responses.copy()
        rows = fitted.fold == f
        other[rows] = np.random.default_rng(4).standard_normal(other[rows].shape) * 50
        changed = fit_electrodes(layers, other, onset, film, Settings(clip_mad=False, gap_s=4))
        assert (changed.choice[:, f] == fitted.choice[:, f]).all()
        assert np.allclose(changed.r_val[:, f], fitted.r_val[:, f], atol=2e-6)
        assert (changed.layer[f] == fitted.layer[f]).all()


def test_halves_choose_one_penalty_and_layer_for_all_folds(problem):
    fit = fit_electrodes(*problem, Settings(clip_mad=False, gap_s=4, validation="halves"))
    assert (fit.choice == fit.choice[:, :1]).all()
    assert (fit.layer == fit.layer[:1]).all()
    assert np.isnan(fit.predictions[fit.fold < 0]).all()
    assert np.isfinite(fit.predictions[fit.fold >= 0]).all()


def test_one_penalty_per_electrode(problem):
    fit = fit_electrodes(*problem, Settings(clip_mad=False, gap_s=4, alpha_per="electrode"))
    assert (fit.choice == fit.choice[..., :1]).all()


def test_layers_may_come_one_at_a_time(problem, fitted):
    layers, responses, onset, film = problem
    calls = []

    def later(name):
        def load():
            calls.append(name)
            return layers[name]

        return load

    same(
        fit_electrodes(
            {name: later(name) for name in layers},
            responses,
            onset,
            film,
            Settings(clip_mad=False, gap_s=4),
        ),
        fitted,
    )
    assert calls == ["a", "b"], "every layer is read once, when its turn comes"


def test_a_film_can_be_left_out():
    rng = np.random.default_rng(5)
    film = np.repeat(["x", "y", "z"], 80)
    features = rng.standard_normal((240, 10))
    responses = (features @ rng.standard_normal((10, 2)) + rng.standard_normal((240, 2))).reshape(
        240, 1, 2
    )
    fit = fit_electrodes(
        {"l": features},
        responses,
        np.tile(np.arange(80.0), 3),
        film,
        Settings(clip_mad=False, split="film"),
    )
    assert (fit.fold == np.repeat([0, 1, 2], 80)).all()
    assert fit.r.min() > 0.5
    assert {label.split(":")[0] for label in fit.blocks} == {"x", "y", "z"}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_a_wider_grid_of_penalties_might_gain(count):
    curves = np.array([[[0.3, 0.1], [0.2, 0.2], [0.1, 0.1]]])[:, :count]
    low = {1: [0, 0], 2: [0.1, -0.1], 3: [0.1, -0.1]}[count]
    high = {1: [0, 0], 2: [-0.1, 0.1], 3: [-0.1, -0.1]}[count]
    assert edge_gain(curves)[0, 0] == pytest.approx(low)
    assert edge_gain(curves)[1, 0] == pytest.approx(high)
    assert not edge_gain(curves, is_open=False)[1].any()
