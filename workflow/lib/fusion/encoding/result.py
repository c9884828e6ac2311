"""What a fit is asked for, and what it found."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fusion.encoding.scores import fisher

PARTS = ("test", "training")


@dataclass
class Fit:
    """What a fit found. E electrodes, B bins, L layers, F folds, K blocks of film time, n events.

    Attributes
    ----------
    folds
        Training, validation and test sets; events in the caller's order (see ``order``).
    layers
        (L,) names.
    alphas
        The penalties, ascending.
    r_val
        (L, F, E, B) float32 mean validation r at the chosen penalty. ``nested``: over the inner
        folds of outer fold F.
    z_val
        (L, F, E, B) float32 the same of atanh r.
    r_test
        (L, F, E, B) float32 test r.
    choice
        (L, F, E, B) int8 position of the chosen penalty in ``alphas``.
    edge_gain
        (2, L, F, E, B) float32 by how much validation r rises in the last steps to the smallest and
        to the largest penalty, chosen or not; 0 at the latter if it is infinite.
    layer
        (F, E) the layer each fold uses: by validation r over bins of that fold (``nested``) or of
        all (``halves``).
    blocks
        (K,) ``{stimulus}:{k}``.
    influence
        (F, 2, K, E, B) float32, or None: influence on the mean over folds of z = atanh r, summed
        over the events of a block of film time, for the layer each fold uses; parts are ``PARTS``;
        the sum over the first axis is the influence on ``z``.
    predictions
        (n, E, B) float32 out-of-fold predictions, NaN for events that are never tested, or None.
    fold
        (n,) the fold that tests each event, -1 for none.
    state
        (E, B) 0 = sound, 1 = constant responses (r is 0), 2 = responses that are not finite (scores
        are NaN).
    """

    layers: list[str]
    alphas: np.ndarray
    blocks: np.ndarray
    fold: np.ndarray
    state: np.ndarray
    r_val: np.ndarray
    z_val: np.ndarray
    r_test: np.ndarray
    choice: np.ndarray
    edge_gain: np.ndarray
    layer: np.ndarray
    influence: np.ndarray | None
    predictions: np.ndarray | None
    forms: dict[str, str] = field(default_factory=dict)

    def of_layer(self, values: np.ndarray) -> np.ndarray:
        """Return (F, E, B): ``values`` (L, F, E, B) at the layer that each fold uses for an
        electrode.
        """
        at = self.layer[None, :, :, None]
        return np.asarray(np.take_along_axis(values, at, axis=0)[0])

    @property
    def chosen(self) -> np.ndarray:
        """(E,) the electrode's layer: the one with the highest validation r over folds and bins."""
        return np.asarray(np.nan_to_num(self.r_val).mean(axis=(1, 3)).argmax(axis=0))

    @property
    def r(self) -> np.ndarray:
        """(E, B) mean over folds of test r."""
        return np.asarray(self.of_layer(self.r_test).mean(axis=0))

    @property
    def z(self) -> np.ndarray:
        """(E, B) mean over folds of atanh test r."""
        return np.asarray(fisher(self.of_layer(self.r_test)).mean(axis=0))
