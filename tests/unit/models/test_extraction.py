"""Pooling, projection, hooks and the loop over batches, against plain loops and scikit-learn."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.networks import row_of
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.random_projection import SparseRandomProjection, johnson_lindenstrauss_min_dim
from torch import nn

from fusion.io.errors import InputError
from fusion.models.run import extract, hooks, inputs
from fusion.models.run.hooks import Layer
from fusion.models.run.network import Items, Network
from fusion.models.run.pooling import pool
from fusion.models.run.projection import Projection, target_size


@pytest.mark.parametrize("pooling", ["cls", "mean", "last", "flatten"])
def test_poolings_against_a_loop(pooling):
    rng = np.random.default_rng(0)
    output, lengths = rng.standard_normal((5, 7, 3)).astype(np.float32), [1, 3, 7, 2, 5]
    tokens = np.arange(7)[None] < np.array(lengths)[:, None]
    found = pool(torch.from_numpy(output), pooling, torch.from_numpy(tokens)).numpy()
    for i, n in enumerate(lengths):
        kept = output[i, :n]
        zeros = np.zeros((7 - n, 3), np.float32)
        expected = {
            "cls": kept[0],
            "mean": kept.mean(0),
            "last": kept[-1],
            "flatten": np.concatenate([kept, zeros]).ravel(),
        }[pooling]
        assert np.allclose(found[i], expected, atol=1e-6)


@given(st.integers(1, 6), st.integers(0, 5), st.sampled_from(["cls", "mean", "last"]))
@settings(max_examples=40, deadline=None)
def test_what_stands_in_the_padding_never_counts(length, padding, pooling):
    output = torch.randn(2, length + padding, 4, generator=torch.Generator().manual_seed(length))
    tokens = torch.arange(length + padding)[None].expand(2, -1) < length
    filled = output.clone()
    filled[:, length:] = 1e6
    assert torch.equal(pool(filled, pooling, tokens), pool(output, pooling, tokens))
    assert torch.allclose(
        pool(output, pooling, tokens), pool(output[:, :length], pooling), atol=1e-6
    )


def test_images_leave_the_class_token_out_of_the_mean():
    output = torch.randn(2, 5, 3)
    assert torch.equal(pool(output, "mean", prefix=1), output[:, 1:].mean(1))
    assert torch.equal(pool(output, "flatten", prefix=1), output.flatten(1))


@pytest.mark.parametrize(
    ("shape", "pooling"),
    [((2, 3), "cls"), ((2, 3, 4, 4), "last"), ((2,), "mean"), ((2, 3, 4, 4, 4), "mean")],
)
def test_outputs_that_cannot_be_pooled(shape, pooling):
    with pytest.raises(ValueError, match=r"fit|output of shape"):
        pool(torch.zeros(shape), pooling)
    with pytest.raises(ValueError, match="tokens"):
        pool(torch.zeros(2, 5, 3), "mean", torch.ones(2, 4, dtype=torch.bool))


def test_the_projection_is_scikit_learns():
    x = np.random.default_rng(0).standard_normal((20, 3000)).astype(np.float32)
    own = Projection(3000, 200, seed=0)
    expected = SparseRandomProjection(200, random_state=0).fit(x).transform(x)
    batches = np.concatenate([own(x[:7]), own(x[7:8]), own(x[8:])])
    assert np.abs(batches - expected).max() < 1e-4 * np.abs(expected).max()
    assert batches.dtype == np.float32
    assert own.digest == Projection(3000, 200, seed=0).digest
    assert own.digest != Projection(3000, 200, seed=1).digest


def test_the_projection_matrix_is_pinned():
    # A newer scikit-learn that drew another matrix would change every projected layer: this is how
    # it would be noticed.
    matrix = (
        SparseRandomProjection(50, random_state=0).fit(np.zeros((1, 400), np.float32)).components_
    )
    stored = (
        matrix.indptr.astype("<i8").tobytes()
        + matrix.indices.astype("<i8").tobytes()
        + np.signbit(matrix.data).astype(np.uint8).tobytes()
    )
    assert Projection(400, 50).digest == hashlib.sha256(stored).hexdigest()
    assert Projection(400, 50).digest.startswith("ae65a549ab67819f")


@pytest.mark.parametrize(
    ("width", "size", "up", "expected"),
    [
        (100, None, False, 100),
        (100, 300, False, 100),
        (100, 300, True, 300),
        (300, 100, False, 100),
        (100, 100, True, 100),
    ],
)
def test_what_is_projected(width, size, up, expected):
    projection = Projection(width, size, up)
    assert projection(np.ones((2, width), np.float32)).shape == (2, expected)
    assert bool(projection.digest) == (expected != width)


def test_target_sizes():
    assert target_size("none", 6000, 0.1) is None
    assert target_size(500, 6000, 0.1) == 500
    for n in (2, 1000, 1234, 6000):
        for eps in (0.05, 0.1, 0.5):
            assert target_size("jl", n, eps) == johnson_lindenstrauss_min_dim(n, eps=eps)


def test_distances_survive_the_projection():
    x = np.random.default_rng(1).standard_normal((30, 4000)).astype(np.float32)
    y = Projection(4000, 2000)(x)
    ratios = [
        ((y[i] - y[j]) ** 2).sum() / ((x[i] - x[j]) ** 2).sum() for i in range(30) for j in range(i)
    ]
    assert 0.8 < min(ratios) <= max(ratios) < 1.2


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Linear(4, 4) for _ in range(12))
        self.unused = nn.Linear(4, 4)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


def test_patterns_follow_the_modules_order():
    found = hooks.expand(Tower(), row_of(layers={"blocks.*": "cls", "blocks.3": "mean"}))
    assert list(found) == [f"blocks.{i}" for i in range(12)]
    assert found["blocks.3"].pooling == "mean"
    with pytest.raises(InputError, match=r"blocks\.0"):
        hooks.expand(Tower(), row_of(layers={"block.0": "cls"}))


def network(module=None, fail_above=None, seen=None):
    module = module or Tower().eval()

    def prepare(items):
        return {
            "x": torch.from_numpy(
                items.frames.astype(np.float32)[:, None, None] * np.ones((1, 3, 4), np.float32)
            )
        }

    def run(batch):
        if seen is not None:
            seen.append(len(batch["x"]))
        if fail_above and len(batch["x"]) > fail_above:
            raise torch.OutOfMemoryError("out of memory")
        module(batch["x"])

    return Network(module, prepare, run)


def items(start, stop):
    return Items(np.arange(start, stop), None, None)


def collected(net, n, **options):
    parts = list(
        extract.features(
            net,
            {"blocks.11": Layer("blocks.11", "mean")},
            n,
            items,
            extract.Running(torch.device("cpu"), **options),
        )
    )
    assert [part[0] for part in parts] == [0, *(part[1] for part in parts[:-1])]
    return np.concatenate([part[2]["blocks.11"] for part in parts])


def test_running_out_of_memory_halves_the_batch_and_loses_nothing():
    tower, seen = Tower().eval(), []
    whole = collected(network(tower), 23, batch_size=23)
    halved = collected(network(tower, fail_above=5, seen=seen), 23, batch_size=20)
    assert np.abs(whole - halved).max() < 1e-6
    assert seen == [20, 10, 5, 5, 5, 5, 3]
    with pytest.raises(torch.OutOfMemoryError):
        collected(network(tower, fail_above=0.5), 3)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_many_workers_keep_the_order(workers):
    tower = Tower().eval()
    assert np.array_equal(
        collected(network(tower), 23, batch_size=4),
        collected(network(tower), 23, batch_size=4, workers=workers),
    )
    halved = collected(network(tower, fail_above=3), 23, batch_size=20, workers=workers)
    assert np.abs(halved - collected(network(tower), 23, batch_size=4)).max() < 1e-6


def test_other_errors_are_not_swallowed():
    net = network()
    net.run = lambda batch: (_ for _ in ()).throw(RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        collected(net, 3)


def test_layers_that_do_not_run_or_are_not_finite_are_errors():
    with pytest.raises(InputError, match="does not reach"):
        next(
            extract.features(
                network(),
                {"unused": Layer("unused", "mean")},
                3,
                items,
                extract.Running(torch.device("cpu")),
            )
        )
    broken = Tower().eval()
    broken.blocks[2].bias.data[1] = float("nan")
    with pytest.raises(InputError, match="not finite"):
        next(
            extract.features(
                network(broken),
                {"blocks.2": Layer("blocks.2", "mean")},
                3,
                items,
                extract.Running(torch.device("cpu")),
            )
        )


@pytest.mark.parametrize("pooling", ["cls", "mean", "last", "flatten"])
def test_no_layer_is_held_as_a_whole(pooling):
    net = network()
    with hooks.capture(net, {"blocks.3": Layer("blocks.3", pooling)}) as captured:
        net.run(net.prepare(items(0, 5)))
    found = captured.features["blocks.3"]
    assert found.untyped_storage().nbytes() == found.nbytes


def test_hooks_are_gone_afterwards():
    tower = Tower().eval()
    collected(network(tower), 3)
    assert not any(module._forward_hooks for module in tower.modules())


EVENTS = pd.DataFrame({"frame": [5, 5, 2, 5, 9], "text": ["a", "b", "a", "a", None]})


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("frame", [0, 0, 1, 0, 2]), ("text", [0, 1, 0, 0, 2]), ("pair", [0, 1, 2, 0, 3])],
)
def test_every_distinct_input_is_shown_once(kind, expected):
    shown = {"true": (EVENTS["frame"].to_numpy(), list(EVENTS["text"].fillna("")))}
    assert inputs.distinct(shown).shown["true"][kind].tolist() == expected


def test_files_of_different_length_share_their_inputs():
    found = inputs.distinct(
        {"words": (np.array([5, 5, 2]), ["a", "b", "a"]), "cuts": (np.array([2, 7]), ["a", "c"])}
    )
    assert found.frames.tolist() == [5, 2, 7]
    assert found.shown["cuts"]["frame"].tolist() == [1, 2]
    assert found.shown["cuts"]["pair"].tolist() == [2, 3]
    assert found.texts[found.shown["words"]["text"]].tolist() == ["a", "b", "a"]


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 4), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_every_pairing_finds_its_frames_and_texts(rows):
    events = pd.DataFrame(rows, columns=["frame", "a", "b", "c"])
    texts = {
        pairing: list(events[column].astype(str))
        for pairing, column in zip("xyz", "abc", strict=True)
    }
    found = inputs.distinct(
        {pairing: (events["frame"].to_numpy(), texts[pairing]) for pairing in "xyz"}
    )
    for pairing, column in zip("xyz", "abc", strict=True):
        shown = found.shown[pairing]
        assert found.frames[shown["frame"]].tolist() == events["frame"].tolist()
        assert found.texts[shown["text"]].tolist() == events[column].astype(str).tolist()
        assert np.array_equal(
            found.pairs[shown["pair"]], np.stack([shown["frame"], shown["text"]], 1)
        )
    for held in (found.frames, found.texts, [tuple(pair) for pair in found.pairs]):
        assert len(set(held)) == len(held)


def test_no_events_at_all():
    with pytest.raises(InputError, match="no events"):
        inputs.distinct({"true": (np.array([], int), [])})


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_batches_reach_every_event_once(which, size):
    which = np.unique(which, return_inverse=True)[1]
    values, written = np.arange(which.max() + 1), np.full(len(which), -1)
    for start in range(0, len(values), size):
        stop = min(start + size, len(values))
        taken = values[start:stop][::-1]
        for rows, inside in inputs.runs_of(which, taken):
            assert (written[rows] == -1).all()
            written[rows] = taken[inside]
    assert np.array_equal(written, which)


def test_a_device_that_is_not_there():
    assert extract.device_of("cpu").type == "cpu"
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="cuda"):
            extract.device_of("cuda")
