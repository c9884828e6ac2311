"""What single events contribute to a score: the influence function of a cross-validated
correlation.

An event counts twice: as a test event of its own fold, and as a training event of the others. For
fold f with n test events, standardised test predictions u and responses v, r = mean(u v):

    test event i       u_i v_i - r/2 (u_i^2 + v_i^2), over n
    training event j   L_j e_j, centred over the training events, where e_j is its residual and
                       L_j = g' (X'X + alpha I)^-1 x_j,  g = sum_i (v_i - r u_i) / (n s) x_i, s the
                       sd of the predictions

Both are derivatives of r with respect to the weight of the event (first von Mises expansion; Hampel
1974), the second through the ridge weights, whose derivative is (X'X + alpha I)^-1 x_j e_j. The
effect on the features' mean and scale and on the chosen penalty is left out."""

from __future__ import annotations

from fusion.encoding.arrays import Array, ArrayLibrary
from fusion.encoding.scores import FLAT, correlation, standardise


def test_score(predicted: Array, held_out: Array, backend: ArrayLibrary) -> Array:
    """Return (target,) Pearson's r of a fold, 0 where either side is constant; ``predicted`` is
    centred in place.

    Parameters
    ----------
    predicted, held_out
        (event, target) predictions and responses; responses have about unit variance.
    backend
        Where the arrays are.
    """
    predicted -= predicted.mean(axis=0)
    spread = backend.column_dot(held_out, held_out) - held_out.sum(axis=0) ** 2 / len(held_out)
    products, norms = (
        backend.column_dot(predicted, held_out),
        backend.column_dot(predicted, predicted),
    )
    return correlation(products, norms, spread, len(held_out), backend.xp)


def test_part(
    predicted: Array, held_out: Array, backend: ArrayLibrary
) -> tuple[Array, Array, Array]:
    """Return the score of a fold and the influence of its test events.

    Parameters
    ----------
    predicted, held_out
        (event, target) predictions and responses; responses have about unit variance.
    backend
        Where the arrays are.

    Returns
    -------
    r
        (target,) Pearson's r, 0 where either side is constant.
    influence
        (event, target) derivative of r with respect to the events' weights.
    gradient
        (event, target) derivative of r with respect to the predictions.
    """
    xp = backend.xp
    count = len(predicted)
    u, scale = standardise(predicted, backend)
    v, spread = standardise(held_out, backend)
    defined = (scale > 0) & (spread**2 > FLAT)
    r = xp.where(defined, backend.column_dot(u, v) / count, xp.zeros_like(scale))
    influence = u * v
    influence -= (0.5 * r) * (u * u + v * v)
    influence *= defined / count
    v -= r * u
    v *= xp.where(
        defined, 1 / (count * xp.where(defined, scale, xp.ones_like(scale))), xp.zeros_like(scale)
    )
    return r, influence, v


def training_part(leverage: Array, residual: Array) -> Array:
    """Return (event, target) the influence of training events on the score, centred.

    Parameters
    ----------
    leverage, residual
        (training event, target) L and e of the module's text; ``leverage`` is overwritten.
    """
    leverage *= residual
    leverage -= leverage.mean(axis=0)
    return leverage
