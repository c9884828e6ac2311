"""Filters against scipy.signal."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import signal

from fusion.ieeg import cleaning, filters
from fusion.ieeg.spec import CleaningSpec


def noise(n, seed=0, offset=0.0):
    """1/f-like noise with line noise."""
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.standard_normal(n)) * 0.3 + 5 * rng.standard_normal(n)
    return x + 20 * np.sin(2 * np.pi * 50 * np.arange(n) / 512) + offset


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


@pytest.mark.parametrize(
    ("line", "harmonics", "sfreq", "expected"),
    [
        (50, None, 512, [50, 100, 150, 200, 250]),
        (60, 2, 2048, [60, 120, 180]),
        (60, None, 160, [60]),
        (50, 0, 512, [50]),
        (60, None, 120, []),
    ],
)
def test_line_frequencies_end_below_nyquist(line, harmonics, sfreq, expected):
    assert filters.line_frequencies(line, harmonics, sfreq) == expected


@pytest.mark.parametrize("n", [1000, 6000, 40_000, 200_001])
@pytest.mark.parametrize("offset", [0.0, 5e4])
def test_zero_phase_notch_is_filtfilt(n, offset):
    x = noise(n, offset=offset)
    sos = filters.notch_sos([50, 100, 150, 200, 250], 30, 512)
    oracle = signal.sosfiltfilt(sos, x, padlen=min(n - 1, filters.decay_samples(sos)))
    got = filters.ZeroPhaseFFT(sos)(x)
    assert (
        relative(got - offset, oracle - offset) < 1e-5
        if offset == 0
        else relative(got, oracle) < 1e-5
    )


def test_a_notch_takes_the_line_and_leaves_the_rest():
    n, sfreq = 512 * 60, 512
    t = np.arange(n) / sfreq
    kept = np.sin(2 * np.pi * 20 * t)
    sos = filters.notch_sos([50, 100], 30, sfreq)
    got = filters.ZeroPhaseFFT(sos)(kept + np.sin(2 * np.pi * 50 * t) + np.sin(2 * np.pi * 100 * t))
    middle = slice(5 * sfreq, -5 * sfreq)
    assert np.abs(got - kept)[middle].max() < 2e-3


@pytest.mark.parametrize("n", [600, 50_000])
def test_high_pass_is_the_4th_order_butterworth_filtfilt(n):
    x = noise(n)
    z, p, k = signal.butter(4, 0.1, "highpass", fs=512, output="zpk")
    sos = signal.zpk2sos(z, p, k)
    oracle = signal.sosfiltfilt(sos, x, padlen=min(n - 1, filters.decay_samples(sos)))
    assert relative(filters.zero_phase(filters.high_pass_sos(0.1, 512), x), oracle) < 1e-5


CLEANING = CleaningSpec(
    reference="none", ecog_reference="none", shaft_ends="drop", line_freq_hz=50,
    notch_harmonics=None, notch_quality=30, high_pass_hz=0.2, phase="zero", high_gamma_hz=False,
    zscore=False, despike_sd=False,
)  # fmt: skip


@pytest.mark.parametrize("n", [9000, 40_000, 300_001])
@pytest.mark.parametrize("offset", [0.0, 5e4])
def test_high_pass_and_notch_at_once_are_one_after_the_other(n, offset):
    x = noise(n, offset=offset)
    lines = filters.line_frequencies(50, None, 512)
    high, notch = filters.high_pass_sos(0.2, 512), filters.notch_sos(lines, 30, 512)
    reach = min(n - 1, filters.decay_samples(high))
    oracle = signal.sosfiltfilt(notch, signal.sosfiltfilt(high, x, padlen=reach), padlen=reach)
    got = cleaning.linear(lines, 512, CLEANING)(x)
    assert relative(got, oracle) < 2e-3  # at the ends, which are mirrored once or twice
    middle = slice(n // 4, -n // 4)
    assert relative(got[middle], oracle[middle]) < 2e-5
    later = cleaning.linear(lines, 512, replace(CLEANING, phase="causal"))(x)
    one = filters.causal(notch, filters.causal(high, x))
    assert relative(later, one) < 1e-6


def test_the_high_pass_takes_drift():
    t = np.arange(512 * 300) / 512
    got = cleaning.linear([], 512, replace(CLEANING, high_pass_hz=0.1))(
        100 * np.sin(2 * np.pi * 0.01 * t) + np.sin(2 * np.pi * 5 * t)
    )
    middle = slice(60 * 512, -60 * 512)
    assert np.abs(got - np.sin(2 * np.pi * 5 * t))[middle].max() < 0.02


@pytest.mark.parametrize("n", [100_000, 30_011])
def test_high_gamma_is_the_hilbert_amplitude_of_the_band(n):
    x = noise(n)
    sos = signal.butter(4, [70, 150], "bandpass", fs=512, output="sos")
    band = signal.sosfiltfilt(sos, np.pad(x, 4000, mode="reflect", reflect_type="odd"))
    # scipy's Hilbert transform wraps around: let the ends vanish
    fade = signal.windows.tukey(len(band), 2 * 3500 / len(band))
    oracle = np.abs(signal.hilbert(band * fade))[4000:-4000]
    got = filters.band_amplitude((70, 150), 512, "zero")(x)
    assert relative(got[2000:-2000], oracle[2000:-2000]) < 1e-5


def test_causal_filters_look_only_back():
    x = noise(20_000)
    changed = x.copy()
    changed[12_000:] += 50
    sos = filters.notch_sos([50], 30, 512)
    assert np.array_equal(filters.causal(sos, x)[:12_000], filters.causal(sos, changed)[:12_000])
    zi = signal.sosfilt_zi(sos) * x[0]
    assert relative(filters.causal(sos, x), signal.sosfilt(sos, x, zi=zi)[0]) < 1e-12


def test_causal_notch_is_the_cascade_of_iirnotch_and_lfilter():
    x = noise(20_000)
    oracle = x - x[0]
    for f in (50, 100, 150):
        oracle = signal.lfilter(*signal.iirnotch(f, 30, 512), oracle)
    assert (
        relative(filters.causal(filters.notch_sos([50, 100, 150], 30, 512), x) - x[0], oracle)
        < 1e-5
    )


def test_decay_is_reached():
    sos = filters.notch_sos([50], 30, 512)
    impulse = np.zeros(3 * filters.decay_samples(sos))
    impulse[0] = 1
    response = np.abs(signal.sosfilt(sos, impulse))
    assert response[filters.decay_samples(sos) :].max() < 1e-7 * response.max()
