"""Floors: contrasts in which nothing should be found, on the data at hand.

Two random inits of one network, two neighbouring layers of one network, two seeds of one training:
neither knows more about vision and language than the other. How many sites such a contrast names is
what the real ones are to be held against."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fusion.controls.bands import principal
from fusion.controls.inputs import Group, Networks, components
from fusion.controls.problem import Problem, versus
from fusion.controls.spec import FloorsSpec
from fusion.ids import unique

log = logging.getLogger(__name__)

COLUMNS = (
    "floor",
    "a",
    "b",
    "effect",
    "se",
    "ci_low",
    "ci_high",
    "t",
    "df",
    "p",
    "n_blocks",
    "r_a",
    "r_b",
)


def floors(group: Group, found: Networks, spec: FloorsSpec) -> pd.DataFrame:
    """Test what should not differ at the electrodes of a group: see :func:`compared`.

    Parameters
    ----------
    group
        The electrodes.
    found
        Activations of all fits.
    spec
        Which fits and layers are compared.
    """
    first, pairs = found[spec.layers_of], list(spec.pairs)
    features = {
        str(fit): components([found[fit]], group.recordings, spec.dimensions)
        for fit in unique(fit for pair in pairs for fit in (pair.a, pair.b))
    }
    rows = [(pair.floor, str(pair.a), str(pair.b)) for pair in pairs]
    for layers in layer_pairs(first.layers):
        names = [f"{spec.layers_of}:{layer}" for layer in layers]
        for name, layer in zip(names, layers, strict=True):
            features[name] = principal([first.read(layer, group.recordings)], spec.dimensions)
        rows.append(("two layers", names[0], names[1]))
    log.info("%d electrodes; floors: %s", len(group.electrodes), rows)
    return compared(group.problem, features, rows)


def compared(
    problem: Problem, features: Mapping[str, np.ndarray], pairs: Sequence[tuple[str, str, str]]
) -> pd.DataFrame:
    """Test, two-sided, pairs of feature sets that should not differ.

    Parameters
    ----------
    problem
        Responses, folds and blocks.
    features
        Name -> (n_events, n_features).
    pairs
        (floor, a, b): kind of the floor and the names compared.

    Returns
    -------
    pd.DataFrame
        ``electrode, floor, a, b, r_a, r_b, effect, se, ci_low, ci_high, t, df, p``.
    """
    fits = {
        name: problem.fit([features[name]])
        for name in unique(name for _, *pair in pairs for name in pair)
    }
    electrode = np.arange(problem.y.shape[1])
    tables = [
        pd.DataFrame(
            {
                "electrode": electrode,
                "floor": floor,
                "a": a,
                "b": b,
                **versus(problem, fits[a], [fits[b]], "two-sided"),
            }
        )
        for floor, a, b in pairs
    ]
    empty = pd.DataFrame({"electrode": electrode[:0], **dict.fromkeys(COLUMNS, electrode[:0])})
    return pd.concat(tables, ignore_index=True) if tables else empty


def layer_pairs(names: list[str]) -> list[tuple[str, str]]:
    """Return the two middle neighbours of a network's layers, as one pair; none where there is one
    layer.
    """
    middle = len(names) // 2
    return [(names[middle - 1], names[middle])] if len(names) > 1 else []
