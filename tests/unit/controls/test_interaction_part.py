"""The interaction part of features whose parts are known, and the battery on simulated worlds."""

import numpy as np
import pandas as pd
import pytest

from fusion.controls import joint
from fusion.controls.bands import principal, standard, towers
from fusion.controls.battery import SHOWS, battery, conjunction
from fusion.controls.interaction import (
    parts,
    second_order,
    shift_sizes,
    shifted,
    stream_correlation,
)
from fusion.controls.problem import Problem, ranked, versus
from fusion.encoding.folds import film_time_blocks, make_folds
from fusion.simulation import worlds
from fusion.stimuli.pairing import shifts as draw_shifts


def pairings(rng, n, k):
    return [
        (np.arange(n) + int(s)) % n
        for s in rng.choice(np.arange(n // 20, n - n // 20), k, replace=False)
    ]


def test_parts_equal_plain_means():
    rng = np.random.default_rng(0)
    n, vision, language = 50, rng.standard_normal((50, 3)), rng.standard_normal((50, 3))

    def network(i, j):
        return np.tanh(vision[i] + 2 * language[j] + vision[i] * language[j])

    sources = pairings(rng, n, 4)
    made = parts(
        network(np.arange(n), np.arange(n)), [network(np.arange(n), s) for s in sources], sources
    )
    for i in range(n):
        over_language = np.mean([network(i, s[i]) for s in sources], axis=0)
        over_vision = np.mean([network(int(np.flatnonzero(s == i)[0]), i) for s in sources], axis=0)
        np.testing.assert_allclose(made.over_language[i], over_language)
        np.testing.assert_allclose(made.over_vision[i], over_vision)
        np.testing.assert_allclose(made.interaction[i], network(i, i) - over_language - over_vision)


def test_alternating_fit_is_the_two_way_least_squares_fit():
    rng = np.random.default_rng(1)
    n = 40
    sources = pairings(rng, n, 6)
    cells = [rng.standard_normal((n, 2)) for _ in sources]
    made = parts(np.zeros((n, 2)), cells, sources, sweeps=200)
    rows = np.tile(np.arange(n), len(sources))
    design = np.hstack([np.eye(n)[rows], np.eye(n)[np.concatenate(sources)]])
    fitted = design @ np.linalg.lstsq(design, np.concatenate(cells), rcond=None)[0]
    ours = np.concatenate([made.over_language + made.over_vision[s] for s in sources])
    ours = ours - ours.mean(0) + fitted.mean(0)
    np.testing.assert_allclose(ours, fitted, atol=1e-6)


def test_an_additive_network_has_no_interaction_part_and_a_product_has():
    rng = np.random.default_rng(2)
    stream = worlds.simulate_stream(rng, 3000, width=6, correlation=0.5)
    sources = [(np.arange(3000) + int(s)) % 3000 for s in draw_shifts(stream.onset_s, 8, 60.0, rng)]

    def features(source):
        return np.hstack(
            [stream.vision, stream.language[source], stream.vision * stream.language[source]]
        )

    made = parts(
        features(np.arange(3000)), [features(s) for s in sources], sources, sweeps=joint.SWEEPS
    )
    variance = made.interaction.var(0)
    assert variance[:12].max() < 0.01
    kept = [
        np.corrcoef(made.interaction[:, 12 + k], (stream.vision * stream.language)[:, k])[0, 1]
        for k in range(6)
    ]
    assert np.mean(kept) > 0.85


def test_towers_have_their_exact_interaction_part():
    rng = np.random.default_rng(3)
    onset_s, image, text = (
        np.arange(400) * 0.5,
        rng.standard_normal((400, 5)),
        rng.standard_normal((400, 5)),
    )
    film = joint.from_towers(onset_s, image, text, [130, 200])
    f, g, _ = towers(image, text).values()
    expected = (f - f.mean(0)) * (g - g.mean(0))
    found = film.parts.interaction - film.parts.interaction.mean(0)
    np.testing.assert_allclose(found[:, :10], 0, atol=1e-12)
    np.testing.assert_allclose(found[:, 10:], expected - expected.mean(0), atol=1e-12)
    np.testing.assert_allclose(towers(image, text)["agreement"].sum(1), (f * g).sum(1))
    assert not joint.additive({"film": film})
    flat = joint.from_towers(onset_s, image, np.ones((400, 5)), [130])
    assert joint.additive({"film": flat})


def test_streams_line_up_event_by_event():
    rng = np.random.default_rng(4)
    onset_s = np.arange(300) * 1.0
    image, text = rng.standard_normal((300, 4)), rng.standard_normal((300, 4))
    made = joint.streams(
        {
            "a": joint.from_towers(onset_s, image, text, [70, 150]),
            "b": joint.from_towers(onset_s, text, image, [80, 90]),
        },
        12,
        2,
        60.0,
    )
    assert {
        "joint",
        "interaction",
        "over_language",
        "over_vision",
        "shifted0",
        "shifted1",
        "language_shuffled1",
        "vision_shuffled0",
    } <= set(made)
    # Text j with a misaligned frame is the row of the frame that it was paired with.
    np.testing.assert_array_equal(
        made["vision_shuffled0"]["a"][(np.arange(300) + 70) % 300], made["language_shuffled0"]["a"]
    )
    roll = shift_sizes(onset_s, 60.0, 2)[0]
    np.testing.assert_array_equal(made["shifted0"]["b"], np.roll(made["interaction"]["b"], roll, 0))


def test_a_pairing_must_use_every_text_once():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((20, 3))
    with pytest.raises(ValueError, match="every text once"):
        joint.from_pairings(np.arange(20.0), [x], [[x]], [np.zeros(20, int)], rng)
    with pytest.raises(ValueError, match="at least one"):
        parts(x, [], [])


def test_shifts_keep_their_distance():
    onset_s = np.cumsum(np.random.default_rng(6).gamma(2, 0.5, 500))
    for k in shift_sizes(onset_s, 60.0, 5):
        assert 60 * 0.9 < k / 500 * onset_s[-1] < onset_s[-1] - 60 * 0.9
    assert len(shifted(onset_s[:, None], onset_s, 60.0, 5)) == 5
    with pytest.raises(ValueError, match="no circular shift"):
        shift_sizes(onset_s[:50], 60.0, 2)


def test_second_order_holds_what_leaks_from_a_product_of_correlated_streams():
    rng = np.random.default_rng(12)
    vision = rng.standard_normal((4000, 3))
    language = 0.5 * vision + np.sqrt(0.75) * rng.standard_normal((4000, 3))
    curved = second_order([vision, language])
    assert curved.shape == (4000, 2 * (3 + 6))
    centred = vision[:, 0] - vision[:, 0].mean()
    np.testing.assert_allclose(
        curved[:, 3], (centred**2 - (centred**2).mean()) / (centred**2).std()
    )
    # What leaks from a product into a square is all in the second order of the one stream.
    square = vision[:, :1] ** 2
    assert np.corrcoef((vision * language)[:, 0], square[:, 0])[0, 1] > 0.5
    left = square - curved @ np.linalg.lstsq(curved, square - square.mean(), rcond=None)[0]
    assert left.std() < 1e-9
    assert second_order([vision[:100], language[:100]], 12).shape[1] <= 100 / 8


def test_stream_correlation_finds_what_streams_share():
    rng = np.random.default_rng(8)
    a = rng.standard_normal((600, 3))
    folds = [(np.arange(300), np.arange(300, 600)), (np.arange(300, 600), np.arange(300))]
    assert stream_correlation(a, rng.standard_normal((600, 3)), folds) < 0.1
    assert stream_correlation(a, a + 0.1 * rng.standard_normal((600, 3)), folds) > 0.95


def test_principal_components_equal_scikit_learn():
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(9)
    x = rng.standard_normal((60, 20)) @ rng.standard_normal((20, 20))
    expected = PCA(5, svd_solver="full").fit_transform(standard(x))
    found = principal([x], 5)
    expected *= np.sign((expected * found).sum(0))
    np.testing.assert_allclose(found / found.std(), expected / expected.std(), atol=1e-8)
    np.testing.assert_allclose(found.var(0).mean(), 1)
    wide = np.hstack([x] * 4)
    np.testing.assert_allclose(np.abs(principal([wide], 5)), np.abs(found), atol=1e-6)
    with pytest.raises(ValueError, match="varies"):
        principal([np.ones((10, 3))], 2)
    with pytest.raises(ValueError, match="events"):
        principal([x, x[1:]], 2)


@pytest.fixture(scope="module")
def strong_world():
    """A film with strong responses, where every test has power: three electrodes of six kinds."""
    rng = np.random.default_rng(10)
    kinds = ("none", "language", "better vision", "additive", "vision squared", "interaction")
    stream = worlds.simulate_stream(rng, 1500, width=6)
    turn, n = worlds.rotation(rng, 24), 1500
    sources = [(np.arange(n) + int(s)) % n for s in draw_shifts(stream.onset_s, 6, 60.0, rng)]
    true = worlds.network(stream.vision, stream.language, stream.better, turn)
    film = joint.from_pairings(
        stream.onset_s,
        [true],
        [[worlds.network(stream.vision, stream.language[s], stream.better, turn)] for s in sources],
        sources,
        rng,
    )
    made = {name: x["film"] for name, x in joint.streams({"film": film}, 24, 3, 60.0).items()}
    signal = np.hstack([worlds.planted(rng, stream, kind, 3) for kind in kinds])
    y = worlds.respond(rng, stream.onset_s, signal, np.array([0.2, 0.4, 0.6]), snr=1.0)
    y = (y - y.mean(0)) / y.std(0)
    problem = Problem(
        y,
        make_folds(stream.onset_s, np.zeros(n), gap_s=10),
        film_time_blocks(stream.onset_s, np.zeros(n, int), 20)[1],
    )
    table = battery(problem, stream.vision, stream.language, made)
    table["kind"] = np.repeat(kinds, 3)[table["electrode"]]
    return table


def test_battery_tells_what_each_test_separates(strong_world):
    t = strong_world.pivot_table(index="test", columns="kind", values="t")
    assert list(strong_world["test"].unique()) == list(SHOWS)
    # All of these fire where nothing is joined ..
    assert (
        t.loc["better_than_unimodal", "better vision"] > 3 and t.loc["unique", "better vision"] > 3
    )
    assert t.loc["language_shuffle", "language"] > 3 and t.loc["both_shuffles", "additive"] > 2
    # .. and these do not.
    for kind in ("none", "language", "better vision", "additive", "vision squared"):
        assert t.loc["interaction", kind] < 2 and t.loc["integration", kind] < 2, kind
    assert t.loc["interaction", "interaction"] > 3 and t.loc["integration", "interaction"] > 3


def test_conjunction_is_the_weaker_test(strong_world):
    wide = strong_world.pivot_table(index="electrode", columns="test", values="p")
    np.testing.assert_allclose(
        wide["integration"], wide[["interaction", "better_than_unimodal"]].max(axis=1)
    )
    np.testing.assert_allclose(
        wide["both_shuffles"], wide[["language_shuffle", "vision_shuffle"]].max(axis=1)
    )
    a = {"p": np.array([0.1, np.nan]), "t": np.array([1.0, 2.0])}
    b = {"p": np.array([0.2, 0.3]), "t": np.array([3.0, 4.0])}
    np.testing.assert_array_equal(conjunction(a, b)["t"], [3.0, 2.0])


def test_ranked_takes_the_best_on_validation_in_each_fold(strong_world):
    rng = np.random.default_rng(11)
    onset_s = np.arange(300) * 0.5
    x, other = rng.standard_normal((300, 3)), rng.standard_normal((300, 3))
    y = np.stack(
        [x @ rng.standard_normal((3, 2)), other @ rng.standard_normal((3, 2))], 1
    ) + rng.standard_normal((300, 2, 2))
    problem = Problem(
        y, make_folds(onset_s, np.zeros(300), k=4, gap_s=2), (onset_s // 10).astype(int)
    )
    fits = {"x": problem.fit([x]), "other": problem.fit([other])}
    best, names = ranked(problem, fits, 1)
    assert list(names) == ["x", "other"]
    np.testing.assert_array_equal(
        problem.electrodes(best.z)[:, 0], problem.electrodes(fits["x"].z)[:, 0]
    )
    np.testing.assert_array_equal(
        problem.electrodes(best.influence)[..., 1, :],
        problem.electrodes(fits["other"].influence)[..., 1, :],
    )
    second, names = ranked(problem, fits, 2)
    assert list(names) == ["other", "x"]
    test = pd.DataFrame(versus(problem, best, [second]))
    assert (test["p"] < 1e-4).all() and (test["r_a"] > test["r_b"]).all()
