"""With drift in film and brain and no effect: what shuffled folds find, and what gap and detrending
leave of it.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from fusion.encoding.fit import fit_electrodes
from fusion.encoding.spec import Settings


def drifting(rng, n, width, seconds):
    noise = rng.standard_normal((n, width))
    slow = gaussian_filter1d(rng.standard_normal((n, width)), seconds / 0.4, axis=0)
    return slow / slow.std(0) + 0.5 * noise


def test_shuffled_folds_find_what_is_not_there_and_gap_with_detrending_does_not():
    n = 1500
    rng = np.random.default_rng(0)
    onset = np.arange(n) * 0.4
    film = np.full(n, "film")
    r = {"shuffled": [], "calibrated": []}
    for _ in range(4):
        features, responses = drifting(rng, n, 40, 8), drifting(rng, n, 30, 8).reshape(n, 10, 3)
        kwargs = {
            "features": {"x": features},
            "responses": responses,
            "onset_s": onset,
            "stimulus": film,
        }
        shuffled = rng.permutation(np.arange(n) % 5)
        r["shuffled"].append(
            fit_electrodes(**kwargs, settings=Settings(clip_mad=False, gap_s=0), fold=shuffled).r
        )
        r["calibrated"].append(
            fit_electrodes(
                **kwargs, settings=Settings(clip_mad=False, gap_s=10, drift_cosines_s=30)
            ).r
        )
    shuffled, calibrated = (np.concatenate(values) for values in r.values())
    assert shuffled.mean() > 0.3
    # Standard error from the four independent films, each a single draw of features.
    means = np.array([values.mean() for values in r["calibrated"]])
    assert abs(calibrated.mean()) < 0.02
    assert abs(means.mean()) < 3 * means.std(ddof=1) / 2 + 0.01


def test_drift_cosines_take_slow_drift_out_and_leave_fast_responses():
    rng = np.random.default_rng(1)
    n = 800
    onset = np.arange(n) * 0.4
    features = rng.standard_normal((n, 10))
    signal = features @ rng.standard_normal((10, 4))
    drift = 30 * np.cos(2 * np.pi * onset / 100)[:, None]
    fits = {
        name: (
            fit_electrodes(
                {"x": features},
                (signal + extra + rng.standard_normal((n, 4))).reshape(n, 2, 2),
                onset,
                np.full(n, "film"),
                settings,
            ).r
        )
        for name, extra, settings in (
            ("clean", 0, Settings(clip_mad=False)),
            ("drift", drift, Settings(clip_mad=False)),
            ("detrended", drift, Settings(clip_mad=False, drift_cosines_s=30)),
        )
    }
    assert fits["drift"].max() < 0.5
    assert np.abs(fits["detrended"] - fits["clean"]).max() < 0.05


def test_recordings_are_centred_apart():
    """Two films with different offsets, and features that only tell the films apart: nothing to
    predict within them.
    """
    rng = np.random.default_rng(2)
    n = 400
    film = np.repeat(["a", "b"], n // 2)
    features = (film == "a")[:, None] * 3.0 + rng.standard_normal((n, 6))
    responses = (film == "a")[:, None, None] * 5.0 + rng.standard_normal((n, 3, 4))
    onset = np.tile(np.arange(n // 2) * 1.0, 2)
    naive = fit_electrodes(
        {"x": features}, responses, onset, film, Settings(clip_mad=False, gap_s=3)
    )
    apart = fit_electrodes(
        {"x": features}, responses, onset, film, Settings(clip_mad=False, gap_s=3), recording=film
    )
    assert naive.r.mean() > 0.5
    assert abs(apart.r.mean()) < 0.1
