"""What pairings share: counted on a small network, and equal to every event by itself."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from transformers.modeling_outputs import BaseModelOutput

from fusion.io.errors import InputError
from fusion.models.run import extract, sharing
from fusion.models.run.hooks import Layer
from fusion.models.run.inputs import distinct
from fusion.models.run.network import Items, Network

LAYERS = {path: Layer(path, "mean") for path in ("see", "see.0", "read", "keys", "join")}
COLUMNS = {"true": "text", "shuffled0": "a", "shuffled1": "b"}


class Joint(nn.Module):
    """An image of 3 tokens and a text of 2, each through its own modules, then added through keys
    of the image.
    """

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.see, self.read = nn.Sequential(nn.Linear(4, 4), nn.Tanh()), nn.Linear(4, 4)
        self.keys, self.join = nn.Linear(4, 4), nn.Tanh()

    def forward(self, image=None, text=None):
        seen = None if image is None else self.keys(self.see(image))
        read = None if text is None else self.read(text)
        return None if seen is None or read is None else self.join(seen[:, :2] * read)


def network(text_only=(), fail_above=None):
    """Return the network, and how many items went through each of its modules."""
    module, passed = Joint().eval(), dict.fromkeys(("see", "read", "keys", "join"), 0)

    def counting(name, own):
        def run(x):
            if fail_above and name == "join" and len(x) > fail_above:
                raise torch.OutOfMemoryError("out of memory")
            passed[name] += len(x)
            return own(x)

        return run

    for name in passed:
        part = getattr(module, name)
        part.forward = counting(name, part.forward)

    def prepare(items):
        def tokens(values, n):
            given = torch.tensor(np.array(values, np.float32))[:, None, None]
            return given + torch.arange(n * 4.0).view(n, 4) / 8

        batch = {"image": tokens(items.images[:, 0, 0, 0], 3)} if items.images is not None else {}
        return batch | (
            {"text": tokens([int(text) for text in items.texts], 2)}
            if items.texts is not None
            else {}
        )

    return (
        Network(
            module,
            prepare,
            lambda batch: module(**batch),
            image_only=("see", "keys"),
            text_only=text_only,
        ),
        passed,
    )


def events(rows):
    return pd.DataFrame(rows, columns=["frame", "text", "a", "b"])


def run(net, table, layers=LAYERS, **options):
    """Return (pairing, path) -> values (event, feature), and check that every event is written
    once.
    """
    inputs = distinct(
        {
            pairing: (table["frame"].to_numpy(), [str(text) for text in table[column]])
            for pairing, column in COLUMNS.items()
        }
    )
    pictures = lambda start, stop: np.uint8(inputs.frames[start:stop, None, None, None])  # noqa: E731
    found = {
        (pairing, path): np.full((len(table), 4), np.nan, np.float32)
        for pairing in COLUMNS
        for path in layers
    }
    done, running = (
        [],
        extract.Running(torch.device("cpu"), progress=lambda n: done.append(n), **options),
    )
    for kind, rows, values in sharing.pairings(net, layers, "joint", inputs, pictures, running):
        for pairing, shown in inputs.shown.items():
            for event, row in enumerate(shown[kind]):
                if row in rows:
                    for path, value in values.items():
                        found[pairing, path][event] = value[list(rows).index(row)]
    assert sum(done) == sharing.total(net, layers, "joint", inputs)
    return found


def one_by_one(table, layers=LAYERS):
    """Return the same, every event of every pairing through the whole network by itself."""
    net, _ = network()
    found = {}
    for pairing, column in COLUMNS.items():

        def item(i, _, texts=table[column]):
            return Items(None, np.full((1, 1, 1, 3), table["frame"][i], np.uint8), [str(texts[i])])

        each = list(
            extract.features(
                net, layers, len(table), item, extract.Running(torch.device("cpu"), batch_size=1)
            )
        )
        found |= {
            (pairing, path): np.concatenate([done[path] for _, _, done in each]) for path in layers
        }
    return found


EIGHT = events([(i // 2, i, (i + 3) % 8, (i + 5) % 8) for i in range(8)])  # two words a frame


def same(found, expected):
    return max(np.abs(found[key] - expected[key]).max() for key in expected)


@given(
    st.lists(st.tuples(*[st.integers(0, 5)] * 4), min_size=1, max_size=12),
    st.integers(1, 5),
    st.integers(1, 3),
)
@settings(max_examples=25, deadline=None)
def test_all_pairings_equal_every_event_by_itself(rows, batch_size, workers):
    table = events(rows)
    assert (
        same(run(network()[0], table, batch_size=batch_size, workers=workers), one_by_one(table))
        < 1e-6
    )


def test_the_images_modules_run_once_a_frame():
    net, passed = network()
    run(net, EIGHT, batch_size=3)
    assert passed == {"see": 4, "keys": 4, "read": 24, "join": 24}


def test_two_towers_run_once_a_frame_and_once_a_text():
    net, passed = network(text_only=("read",))
    towers = {path: LAYERS[path] for path in ("see.0", "keys", "read")}
    assert same(run(net, EIGHT, towers, batch_size=3), one_by_one(EIGHT, towers)) < 1e-6
    assert passed == {"see": 4, "keys": 4, "read": 8, "join": 0}


def test_layers_of_the_image_alone_need_no_second_text():
    net, passed = network()
    assert (
        same(
            run(net, EIGHT, {"see": Layer("see", "mean")}),
            one_by_one(EIGHT, {"see": Layer("see", "mean")}),
        )
        < 1e-6
    )
    assert passed["join"] == 4


def test_running_out_of_memory_halves_the_batch_and_loses_nothing():
    expected = one_by_one(EIGHT)
    for limit in (1, 3):
        net, _ = network(fail_above=limit)
        assert same(run(net, EIGHT, batch_size=8, workers=2), expected) < 1e-6
    net, _ = network(fail_above=0.5)
    with pytest.raises(torch.OutOfMemoryError):
        run(net, EIGHT)


def test_the_modules_are_as_before_when_it_is_over():
    module = Joint()
    with sharing.remember(module, ("see", "keys")):
        assert "forward" in vars(module.see)
    assert not any("forward" in vars(part) for part in module.modules())


def test_values_that_are_not_finite_are_an_error():
    net, _ = network()
    net.module.read.bias.data[1] = float("nan")
    with pytest.raises(InputError, match="not finite"):
        run(net, EIGHT)


class Odd(nn.Module):
    """Puts out what cannot be told apart by pictures, or is called twice."""

    def __init__(self):
        super().__init__()
        self.summed, self.twice, self.structured = nn.Identity(), nn.Identity(), nn.Module()
        self.structured.forward = lambda x: BaseModelOutput(
            last_hidden_state=x, hidden_states=(x, x.repeat_interleave(2, 0))
        )

    def forward(self, x):
        return self.summed(x.sum()), self.twice(self.twice(x) + 1), self.structured.forward(x)


def test_only_what_splits_into_pictures_is_handed_out_again():
    module, x, y = Odd(), torch.arange(6.0).view(3, 2), torch.ones(4, 2)
    with sharing.remember(module, ("summed", "twice", "structured")) as memory:
        memory.begin(3, recording=True)
        module(x)
        memory.rows = torch.tensor([2, 0, 0, 1])
        summed, twice, structured = module(y)
    assert summed == y.sum()
    assert torch.equal(twice, y + 1)
    assert torch.equal(structured.last_hidden_state, x[[2, 0, 0, 1]])
    assert torch.equal(structured.hidden_states[1], x[[2, 2, 0, 0, 0, 0, 1, 1]])
