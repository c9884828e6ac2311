"""How much memory a fit will take, from its shapes."""

from __future__ import annotations

from fusion.encoding.dual import FEATURE_CHUNK, TARGET_CHUNK
from fusion.encoding.folds import Folds
from fusion.encoding.primal import Primal
from fusion.encoding.spec import Settings

MB = 2**20
#: Python with the libraries that a fit on numpy loads.
INTERPRETER_MB = 200


def memory_mb(
    folds: Folds, electrodes: int, bins: int, widths: list[int], blocks: int, settings: Settings
) -> dict[str, float]:
    """Return the memory that each part of a fit takes at its peak (MB), besides the interpreter.

    Parameters
    ----------
    folds
        Training, validation and test sets.
    electrodes, bins
        Numbers of electrodes and bins.
    widths
        Number of features of each layer: one layer is held at a time, so that the most demanding
        counts.
    blocks
        Number of blocks of film time.
    settings
        How the fits are made.
    """
    n, targets, count = len(folds.fold), electrodes * bins, len(folds.outer)
    layer, batch = max((layer_bytes(folds, p, bins, settings) for p in widths), key=sum)
    parts = {
        "responses": 4 * n * targets,
        "predictions": 4 * n * targets * settings.keep_predictions,
        "influence": 8 * count * blocks * targets * settings.influence,
        "scores": 17 * len(widths) * count * targets,
        "layer": layer,
        "batch": batch,
    }
    return {name: size / MB for name, size in parts.items()}


def form_of(p: int, folds: Folds, settings: Settings) -> str:
    """Return ``primal`` or ``dual`` for a layer of ``p`` features: primal while the smallest
    training set is 1.25 times as large.
    """
    smallest = min(len(held.train) for held in (*folds.outer, *folds.inner))
    if settings.form != "auto":
        return settings.form
    return "primal" if 1.25 * p < smallest else "dual"


def layer_bytes(folds: Folds, p: int, bins: int, settings: Settings) -> tuple[int, int]:
    """Return the bytes of a layer's features and factors, and of the work on a batch of targets."""
    n, outer, inner = len(folds.fold), len(folds.outer), len(folds.inner)
    shared = settings.validation == "halves"
    scored = sum(len(rows) for held in folds.inner for rows in held.scored.values())
    trained = max(len(held.train) for held in folds.outer)
    tested = max(len(rows) for held in folds.outer for rows in held.scored.values())
    if form_of(p, folds, settings) == "primal":
        sets = sum(len(held.scored) for held in folds.inner)
        # Features and their pieces, in float64 while Grams are made; rotations; N matrices; rotated
        # events.
        layer = n * p * (4 + 4 + 8 + 8) + p * p * (
            12 * outer + 4 * (0 if shared else inner) + 4 * sets + 5 * 8
        )
        layer += 4 * p * (scored + sum(len(held.scored[f]) for f, held in enumerate(folds.outer)))
        layer += 4 * p * sum(len(held.train) for held in folds.outer) * settings.influence
        t = max(1, round(Primal.batch / bins)) * bins
        unions = outer + (0 if shared else inner)
        # Cross-products of pieces (about three for each fold) and unions, rotated ones; responses,
        # leverage and residual.
        return layer, 4 * t * (
            p * (3 * outer + 1 + unions + outer + 4)
            + 2 * n
            + 3 * trained * settings.influence
            + 6 * tested
        )
    # The kernels of one training set at a time with what the solver needs, and the matrices that
    # are kept for each penalty.
    kept, test = len(settings.grid), trained * tested
    kept_tests = kept * test * outer if shared else 0
    validation = max(
        kernel_bytes(len(held.train), sum(map(len, held.scored.values())) + tested * shared, kept)
        + 4 * kept_tests
        for held in folds.inner
    )
    testing = kernel_bytes(trained, tested, 0 if shared else kept) * (
        not shared or settings.influence
    )
    testing += 4 * (kept_tests + kept * trained**2 * settings.influence)
    # Before there is a kernel, the features are scaled in float64.
    layer = 4 * n * p + max(
        16 * n * p, 4 * n * p + 12 * n * min(p, FEATURE_CHUNK) + max(validation, testing)
    )
    t = max(1, TARGET_CHUNK // bins) * bins
    return layer, 4 * t * (n + 2 * trained + 2 * trained * settings.influence + 8 * tested)


def kernel_bytes(trained: int, held_out: int, kept: int) -> int:
    """Return the bytes of the kernels of a training set, of a penalised copy and its solution, and
    of ``kept`` matrices B.
    """
    return 8 * (2 * trained**2 + 3 * trained * held_out) + 4 * kept * trained * held_out
