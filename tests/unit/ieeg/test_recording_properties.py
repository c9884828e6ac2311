"""What must not matter to cleaned signals and responses: unit, sign, order and company of channels.

Without a reference every channel is cleaned by itself; gains and offsets pass through.
"""

import tempfile
from pathlib import Path

import bids_dataset
import numpy as np
import running
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.io.labelled import open_labelled

LABELS = ["A1", "A2", "A4", "B1", "B3"]
DATA = bids_dataset.signals(names=LABELS, sfreq=128, seconds=24)


def responses(names, data):
    """Return electrode -> (n_events, n_bins) µV of a recording without reference."""
    with tempfile.TemporaryDirectory() as folder:
        root = bids_dataset.write(
            Path(folder, "bids"), names=names, sfreq=128, data=data, fmt="binary_float32"
        )
        made = running.design(
            root,
            film_zero=bids_dataset.ZERO_RULE,
            ieeg={"high_pass_hz": 0.5, "reference": "none"},
            responses={"window_ms": [-500, 500], "step_ms": 100},
        )
        done = running.preprocess(made, Path(folder, "out"))
        events = bids_dataset.words(Path(folder, "w.tsv"))
        file = running.responses(made, done, events, Path(folder, "out"))
        with open_labelled(file) as found:
            values = found["response"].values
            return {name: values[:, k] for k, name in enumerate(found["electrode"].values)}


EXPECTED = {}


@settings(max_examples=6, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(range(5)), min_size=2, max_size=5, unique=True),
    st.sampled_from([1.0, -1.0, 0.5, 20.0]),
    st.sampled_from([0.0, 300.0]),
)
def test_gain_offset_order_and_company_of_channels(order, gain, offset):
    if not EXPECTED:
        EXPECTED.update(responses(LABELS, DATA))
    found = responses([LABELS[k] for k in order], gain * DATA[order] + offset)
    assert set(found) == {LABELS[k] for k in order}
    for name, values in found.items():
        expected = gain * EXPECTED[name]
        assert np.abs(values - expected).max() < 1e-3 * max(1, abs(gain)) + 1e-6 * offset
