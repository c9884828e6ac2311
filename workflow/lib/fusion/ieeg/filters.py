"""Filters of one channel: high-pass, notch, band amplitude; zero-phase or causal."""

from __future__ import annotations

import numpy as np
import scipy.fft
from scipy.signal import butter, iirnotch, sosfilt, sosfilt_zi, sosfiltfilt, sosfreqz

DECAY = 1e-8  # what is left of a filter's response where it is cut off, relative to its start


def line_frequencies(line_hz: float, harmonics: int | None, sfreq: float) -> list[float]:
    """Return the line frequency and its harmonics below the Nyquist frequency (``harmonics`` of them, or all)."""
    count = int(np.ceil(sfreq / 2 / line_hz)) - 1
    return [line_hz * k for k in range(1, (count if harmonics is None else min(count, harmonics + 1)) + 1)]


def notch_sos(frequencies: list[float], quality: float, sfreq: float) -> np.ndarray:
    """Return second-order sections, one notch (``scipy.signal.iirnotch``) a frequency."""
    return np.array([np.concatenate(iirnotch(f, quality, sfreq)) for f in frequencies]).reshape(-1, 6)


def high_pass_sos(cutoff_hz: float, sfreq: float) -> np.ndarray:
    """Return the 4th-order Butterworth high-pass."""
    return butter(4, cutoff_hz, "highpass", fs=sfreq, output="sos")


def band_pass_sos(band_hz: tuple[float, float], sfreq: float) -> np.ndarray:
    """Return the 4th-order Butterworth band-pass."""
    return butter(4, band_hz, "bandpass", fs=sfreq, output="sos")


def decay_samples(sos: np.ndarray) -> int:
    """Return after how many samples the slowest pole of a filter has decayed to ``DECAY``."""
    radius = max(np.abs(np.roots(section[3:])).max() for section in sos)
    return int(np.ceil(np.log(DECAY) / np.log(radius))) if 0 < radius < 1 else 1


def zero_phase(sos: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Filter forwards and backwards, the ends extended by odd reflection until the filter has settled.

    Equals ``scipy.signal.sosfiltfilt(sos, x, padlen=min(len(x) - 1, decay_samples(sos)))``; see :func:`zero_phase_fft` for
    filters of many sections.
    """
    return sosfiltfilt(sos, x, padlen=min(len(x) - 1, decay_samples(sos)))


def zero_phase_fft(sos: np.ndarray, x: np.ndarray, amplitude: bool = False) -> np.ndarray:
    """Filter with zero phase by overlap-save: fast for filters that ring shortly.

    Parameters
    ----------
    sos
        Second-order sections; the response applied is their squared modulus, as forwards-backwards filtering has it.
    x
        Signal, (time,). Its mean is taken out first and put back through the filter's gain at 0 Hz, so that an offset
        costs no precision.
    amplitude
        Return the modulus of the analytic signal (Hilbert amplitude) of the filtered signal instead.

    Returns
    -------
    numpy.ndarray
        (time,) float32.

    Notes
    -----
    A notch leaves most of a signal, so float32 serves; a band may hold a thousandth of it, so amplitudes are computed in
    float64. A channel shorter than the filter's decay is filtered by :func:`zero_phase` itself.
    """
    dtype = np.float64 if amplitude else np.float32
    pad = decay_samples(sos) * (4 if amplitude else 1)
    if len(x) <= pad + 1:
        y = zero_phase(sos, x)
        return (np.abs(_analytic(y)) if amplitude else y).astype(np.float32)
    block = scipy.fft.next_fast_len(max(2**16, 8 * pad), real=True)
    step = block - 2 * pad
    mean = float(np.mean(x, dtype=np.float64))
    padded = np.empty(len(x) + 2 * pad + (-len(x)) % step, dtype)
    np.subtract(x, mean, out=padded[pad : pad + len(x)], casting="unsafe")
    first, last = padded[pad], padded[pad + len(x) - 1]
    padded[:pad] = 2 * first - padded[pad + pad : pad : -1]
    tail = padded[pad + len(x) :]
    tail[:] = 0
    tail[:pad] = 2 * last - padded[len(x) + pad - 2 : len(x) - 2 : -1]
    # an even number of FFT points: bins 0 .. block/2
    frequencies = np.linspace(0, np.pi, block // 2 + 1) if block % 2 == 0 else 2 * np.pi * np.arange(block // 2 + 1) / block
    gain = (np.abs(sosfreqz(sos, worN=frequencies)[1]) ** 2).astype(dtype)
    out = np.empty(len(x), np.float32)
    for start in range(0, len(x), step):
        spectrum = scipy.fft.rfft(padded[start : start + block]) * gain
        piece = np.abs(_one_sided(spectrum, block)) if amplitude else scipy.fft.irfft(spectrum, block)
        stop = min(start + step, len(x))
        out[start:stop] = piece[pad : pad + stop - start]
    if not amplitude:
        out += np.float32(mean * gain[0])
    return out


def causal(sos: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Filter forwards only, starting settled on the first sample."""
    return sosfilt(sos, x, zi=sosfilt_zi(sos) * x[0])[0]


def band_amplitude(x: np.ndarray, band_hz: tuple[float, float], sfreq: float, phase: str) -> np.ndarray:
    """Return the Hilbert amplitude of a band. With ``phase="causal"`` only the band-pass itself is causal."""
    sos = band_pass_sos(band_hz, sfreq)
    if phase == "zero":
        return zero_phase_fft(sos, x, amplitude=True)
    return np.abs(_analytic(causal(sos, x))).astype(np.float32)


def _one_sided(spectrum: np.ndarray, n: int) -> np.ndarray:
    """Return the analytic signal (n,) of a half spectrum."""
    full = np.zeros(n, spectrum.dtype)
    full[: len(spectrum)] = spectrum
    full[1 : (n + 1) // 2] *= 2
    return scipy.fft.ifft(full, overwrite_x=True)


def _analytic(x: np.ndarray) -> np.ndarray:
    """Return the analytic signal of a real one, as ``scipy.signal.hilbert``, at a fast length with the ends zero-padded."""
    n = scipy.fft.next_fast_len(len(x), real=False)
    return _one_sided(scipy.fft.rfft(x, n), n)[: len(x)]
