"""Training, validation and test sets: disjoint, with the gap, and covering."""

import numpy as np
import pytest

from fusion.encoding.folds import contiguous_blocks, film_time_blocks, make_folds, within_gap


def events(rng, n=300, films=("a",)):
    onset = np.concatenate([np.sort(rng.uniform(0, 3 * n, n)) for _ in films])
    return onset, np.repeat(films, n)


@pytest.mark.parametrize("validation", ["nested", "halves"])
@pytest.mark.parametrize("films", [("a",), ("a", "b", "c")])
@pytest.mark.parametrize("split", ["film_time", "film"])
@pytest.mark.parametrize("gap_s", [0, 10, 40])
def test_no_training_event_is_near_a_scored_one(validation, films, split, gap_s):
    if split == "film" and len(films) == 1:
        pytest.skip("one film cannot be left out")
    onset, film = events(np.random.default_rng(0), films=films)
    folds = make_folds(onset, film, k=4, split=split, validation=validation, gap_s=gap_s)
    for held in (*folds.outer, *folds.inner):
        for rows in held.scored.values():
            distance = np.abs(onset[held.train][:, None] - onset[rows][None, :])
            distance[film[held.train][:, None] != film[rows][None, :]] = np.inf
            assert distance.min() >= gap_s
            assert not set(held.train) & set(rows)


@pytest.mark.parametrize("validation", ["nested", "halves"])
def test_validation_events_are_not_test_events_and_keep_the_gap_to_them(validation):
    onset, film = events(np.random.default_rng(1))
    folds = make_folds(onset, film, validation=validation, gap_s=10)
    for held in folds.inner:
        for f, rows in held.scored.items():
            test = folds.outer[f].scored[f]
            assert np.abs(onset[rows][:, None] - onset[test][None, :]).min() >= 10
            if validation == "nested":
                assert set(rows) <= set(folds.outer[f].train), (
                    "validation is part of what the fold trains on"
                )


def test_nested_folds_test_every_event_once_and_halves_the_second_half():
    onset, film = events(np.random.default_rng(2), films=("a", "b"))
    nested = make_folds(onset, film, validation="nested").tested
    assert (nested >= 0).all()
    halves = make_folds(onset, film, validation="halves", gap_s=0)
    for f, held in enumerate(halves.outer):
        block = np.flatnonzero(halves.fold == f)
        validation = halves.inner[f].scored[f]
        assert sorted([*held.scored[f], *validation]) == list(block)
        for name in "ab":
            assert (
                onset[validation][film[validation] == name].max()
                <= onset[held.scored[f]][film[held.scored[f]] == name].min()
            )


def test_blocks_are_contiguous_equal_and_the_same_in_any_order():
    rng = np.random.default_rng(3)
    onset, film = events(rng, n=301)
    block = contiguous_blocks(onset, film, 5)
    assert (np.diff(block) >= 0).all()
    assert np.ptp(np.bincount(block)) <= 1
    order = rng.permutation(301)
    assert (contiguous_blocks(onset[order], film, 5) == block[order]).all()


def test_one_moment_of_a_film_is_in_one_block():
    rng = np.random.default_rng(4)
    onset = np.round(rng.uniform(0, 100, 500))
    block = contiguous_blocks(onset, np.full(500, "a"), 5)
    assert all(len(set(block[onset == moment])) == 1 for moment in np.unique(onset))
    assert set(block) == set(range(5))


def test_gap_is_measured_to_the_nearest_held_out_event():
    onset = np.array([0.0, 4, 5, 6, 11, 30, 30])
    film = np.array(["a"] * 6 + ["b"])
    held = np.array([0, 0, 1, 0, 0, 0, 0], bool)
    assert within_gap(onset, film, held, 0).tolist() == held.tolist()
    assert within_gap(onset, film, held, 2).tolist() == [
        False,
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert within_gap(onset, film, held, 1000).tolist() == [True] * 6 + [False]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"k": 2}, "at least 3"),
        ({"gap_s": 1e6}, "left to train on"),
        ({"k": 200}, "left to score"),
        ({"split": "film"}, "at least 3"),
    ],
)
def test_too_few_events_is_an_error_that_says_so(arguments, words):
    onset, film = events(np.random.default_rng(5))
    with pytest.raises(ValueError, match=words):
        make_folds(onset, film, **arguments)


def test_film_time_blocks_name_film_and_piece():
    labels, block = film_time_blocks(
        np.array([0, 19.9, 20, 205, 3]), np.array(["b", "b", "b", "b", "a"]), 20
    )
    assert labels[block].tolist() == ["b:0", "b:0", "b:1", "b:10", "a:0"]
    assert labels.tolist() == ["a:0", "b:0", "b:1", "b:10"]
