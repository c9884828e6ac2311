"""Correlation of held-out responses and predictions for every penalty at once, without predictions.

In the eigenbasis of the training Gram (eigenvalues s, rotated cross-products z) the prediction of a
held-out set with rotated features A is yhat(alpha) = A diag(h) z, h = 1 / (s + alpha). With c = A'y
and S = A'A,

    <yhat, y> = sum_i h_i z_i c_i,        |yhat|^2 = sum_ij h_i h_j z_i z_j S_ij,

and because h_i h_j = (h_i - h_j) / (s_j - s_i) the double sum becomes single ones after one product
with the matrix N_ij = 2 S_ij / (s_j - s_i):

    |yhat|^2 = sum_i h_i^2 z_i^2 S_ii + sum_i h_i z_i (N z)_i.

Seven penalties then cost what sixty do. Two things are kept apart. Pairs of nearly equal
eigenvalues are summed as they are. And where alpha is far above the spacing of the eigenvalues the
differences h_i - h_j cancel in float32: the error is predicted from N before any response is seen,
and penalties for which it is too large get |yhat|^2 from predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.encoding.arrays import Array, ArrayLibrary

#: Largest predicted relative error of |yhat|^2 for which moments are trusted; half of it reaches
#: the correlation.
TOLERANCE = 5e-6
#: Eigenvalues nearer than this fraction of their size count as equal.
NEAR = 1e-4


@dataclass(frozen=True)
class Quadratic:
    """How |yhat|^2 of one held-out set is found for a list of penalties.

    Attributes
    ----------
    product
        (p, p) float32, the matrix N; None if every penalty is direct.
    diagonal
        (moment penalties, p) float32, h^2 S_ii.
    weights
        (moment penalties, p) float32, h.
    near
        Index arrays i, j of pairs with nearly equal eigenvalues, and (moment penalties, pairs)
        float32 2 h_i h_j S_ij.
    by_moments, direct
        Positions of the penalties found either way.
    """

    product: Array
    diagonal: Array
    weights: Array
    near: tuple[Array, Array, Array]
    by_moments: np.ndarray
    direct: np.ndarray


def shrinkage(eigenvalues: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """Return (alpha, p) h = 1 / (s + alpha).

    An infinite penalty stands for its limit, in which weights are proportional to X'y: all h are
    equal. Correlations do not depend on their value; 1 / sum(s) keeps predictions finite.
    """
    alphas = np.asarray(alphas, float)[:, None]
    limit = 1.0 / np.maximum(eigenvalues.sum(), np.finfo(float).tiny)
    return np.asarray(np.where(np.isinf(alphas), limit, 1.0 / (eigenvalues[None, :] + alphas)))


def predicted_error(
    product: np.ndarray, gram: np.ndarray, eigenvalues: np.ndarray, alphas: np.ndarray
) -> np.ndarray:
    """Return (alpha,) the expected relative rounding error of |yhat|^2 by moments, for responses
    that are noise.

    The rotated cross-products of noise have variance s; every term h_i z_i N_ij z_j carries a
    float32 rounding error."""
    h = shrinkage(eigenvalues, alphas)
    rounding = (h**2 * eigenvalues) @ (product**2 @ eigenvalues)
    value = (h**2 * eigenvalues) @ np.diag(gram)
    share = np.sqrt(rounding) / np.where(value > 0, value, np.inf)
    return np.asarray(np.finfo(np.float32).eps * share)


def plan_quadratic(
    gram: np.ndarray, eigenvalues: np.ndarray, alphas: np.ndarray, backend: ArrayLibrary
) -> Quadratic:
    """Decide how |yhat|^2 is found for a held-out set.

    Parameters
    ----------
    gram
        (p, p) float64 S = A'A of the held-out set in the training eigenbasis, columns of A centred.
    eigenvalues
        (p,) float64, ascending.
    alphas
        (alpha,) penalties.
    backend
        Where the arrays go.
    """
    distance = eigenvalues[None, :] - eigenvalues[:, None]
    near = np.abs(distance) < NEAR * (np.abs(eigenvalues[None, :]) + np.abs(eigenvalues[:, None]))
    np.fill_diagonal(near, True)
    first, second = np.nonzero(np.triu(near, 1))
    product = np.divide(2 * gram, distance, out=np.zeros_like(gram), where=~near)
    crowded = len(first) > 4 * len(eigenvalues)
    # Differences of equal h say nothing: the limit is never found by moments.
    trusted = np.isfinite(alphas) & (not crowded)
    trusted &= predicted_error(product, gram, eigenvalues, alphas) < TOLERANCE
    kept = np.flatnonzero(trusted)
    h = shrinkage(eigenvalues, alphas)[kept]
    return Quadratic(
        product=backend.single(product) if len(kept) else None,
        diagonal=backend.single(h**2 * np.diag(gram)),
        weights=backend.single(h),
        near=(
            backend.index(first),
            backend.index(second),
            backend.single(2 * h[:, first] * h[:, second] * gram[first, second]),
        ),
        by_moments=kept,
        direct=np.flatnonzero(~trusted),
    )


def squared_norms(
    plan: Quadratic, rotated: Array, features: Array, all_weights: Array, backend: ArrayLibrary
) -> Array:
    """Return (alpha, target) |yhat|^2 on a held-out set.

    Parameters
    ----------
    plan
        From :func:`plan_quadratic`.
    rotated
        (p, target) z.
    features
        (event, p) A, for the penalties that need predictions.
    all_weights
        (p, alpha) h of all penalties.
    backend
        Where the arrays are.
    """
    xp = backend.xp
    norms = xp.empty(
        (all_weights.shape[1], rotated.shape[1]), dtype=rotated.dtype, device=rotated.device
    )
    if len(plan.by_moments):
        spread = plan.product @ rotated
        spread *= rotated
        found = plan.weights @ spread
        xp.multiply(rotated, rotated, out=spread)
        found += plan.diagonal @ spread
        first, second, weights = plan.near
        if len(first):
            found += weights @ (rotated[first] * rotated[second])
        norms[plan.by_moments] = found
    for a in plan.direct:
        predicted = features @ (all_weights[:, a][:, None] * rotated)
        norms[a] = backend.column_dot(predicted, predicted)
    return norms
