"""The plan of memory against what a fit takes."""

import tracemalloc

import numpy as np
import pytest

from fusion.encoding.fit import fit_electrodes
from fusion.encoding.folds import film_time_blocks, make_folds
from fusion.encoding.plan import INTERPRETER_MB, form_of, memory_mb
from fusion.encoding.spec import Settings


def planned(n, electrodes, bins, widths, settings, onset_s):
    film = np.full(n, "film")
    folds = make_folds(onset_s, film, validation=settings.validation, gap_s=settings.gap_s)
    blocks = len(film_time_blocks(onset_s, film, settings.block_s)[0])
    return memory_mb(folds, electrodes, bins, widths, blocks, settings), folds


@pytest.mark.parametrize(
    ("n", "p", "electrodes", "bins", "validation", "form"),
    [
        (900, 150, 12, 100, "nested", "primal"),
        (900, 40, 60, 80, "halves", "primal"),
        (500, 600, 40, 50, "nested", "dual"),
    ],
)
def test_a_fit_stays_within_its_plan(n, p, electrodes, bins, validation, form):
    rng = np.random.default_rng(0)
    settings = Settings(validation=validation, alphas=(1.0, 100.0, 1e4))
    onset_s = np.arange(n) * 0.4
    plan, folds = planned(n, electrodes, bins, [p, p], settings, onset_s)
    assert form_of(p, folds, settings) == form
    tracemalloc.start()
    responses = rng.standard_normal((n, electrodes, bins), dtype=np.float32)
    features = {name: lambda: rng.standard_normal((n, p), dtype=np.float32) for name in "ab"}
    fit_electrodes(features, responses, onset_s, np.full(n, "film"), settings)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    total = sum(plan.values())
    assert peak < total, f"{peak:.1f} MB taken, {total:.1f} MB planned"
    assert total < 2.5 * peak, f"{peak:.1f} MB taken, {total:.1f} MB planned"


def test_a_large_subject_fits_in_six_gigabytes():
    plan, _ = planned(6000, 250, 161, [768] * 13, Settings(), np.arange(6000) * 0.35)
    assert sum(plan.values()) + INTERPRETER_MB < 6 * 1024
    more, _ = planned(6000, 250, 161, [768] * 26, Settings(), np.arange(6000) * 0.35)
    assert {name: size for name, size in more.items() if name != "scores"} == {
        name: size for name, size in plan.items() if name != "scores"
    }
