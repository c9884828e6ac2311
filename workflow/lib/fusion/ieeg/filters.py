"""Filters of one channel: high-pass, notch, band amplitude; zero-phase or causal."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.fft
from scipy.signal import butter, hilbert, iirnotch, sosfilt, sosfilt_zi, sosfiltfilt, sosfreqz

# blocks transformed at once: the FFT works on several side by side, at twice the speed of one after
# the other
BATCH = 4
BLOCK = 180_000  # samples of a block where the filter rings for less than a quarter of it
DECAY = 1e-7  # what is left of a filter's response where it is cut off, relative to its start


def line_frequencies(line_hz: float, harmonics: int | None, sfreq: float) -> list[float]:
    """Return the line frequency and its harmonics below the Nyquist frequency (``harmonics`` of
    them, or all).
    """
    count = int(np.ceil(sfreq / 2 / line_hz)) - 1
    return [
        line_hz * k
        for k in range(1, (count if harmonics is None else min(count, harmonics + 1)) + 1)
    ]


def notch_sos(frequencies: list[float], quality: float, sfreq: float) -> np.ndarray:
    """Return second-order sections, one notch (``scipy.signal.iirnotch``) a frequency."""
    return np.array([np.concatenate(iirnotch(f, quality, sfreq)) for f in frequencies]).reshape(
        -1, 6
    )


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
    """Filter forwards and backwards, the ends extended by odd reflection until the filter has
    settled.

    Equals ``scipy.signal.sosfiltfilt(sos, x, padlen=min(len(x) - 1, decay_samples(sos)))``; see
    :class:`ZeroPhaseFFT` for filters of many sections."""
    y: np.ndarray = sosfiltfilt(sos, x, padlen=min(len(x) - 1, decay_samples(sos)))
    return y


class ZeroPhaseFFT:
    """A zero-phase filter for many channels, by overlap-save: fast for filters that ring shortly.

    The response applied is the squared modulus of the sections', as forwards-backwards filtering
    has it; a channel's ends are extended by odd reflection. ``amplitude`` gives the modulus of the
    analytic signal (Hilbert amplitude) of the filtered signal instead.

    A notch leaves most of a signal, so float32 serves; a band may hold a thousandth of it, so
    amplitudes are computed in float64. A channel's mean is taken out first and put back through the
    gain at 0 Hz, so that an offset costs no precision. A channel shorter than the filter's decay is
    filtered by :func:`zero_phase` itself."""

    def __init__(self, sos: np.ndarray, amplitude: bool = False):
        self.sos, self.amplitude = sos, amplitude
        self.dtype = np.float64 if amplitude else np.float32
        self.pad = decay_samples(sos) * (4 if amplitude else 1)
        self.gains: dict[int, np.ndarray] = {}

    def gain(self, n: int) -> np.ndarray:
        """Return the response (frequency,) at the FFT length that suits signals of ``n`` samples;
        made once a length.
        """
        block = 2 * scipy.fft.next_fast_len(
            (min(max(BLOCK, 4 * self.pad), n + 2 * self.pad) + 1) // 2, real=True
        )
        if block not in self.gains:
            frequencies = np.linspace(0, np.pi, block // 2 + 1)
            self.gains[block] = (np.abs(sosfreqz(self.sos, worN=frequencies)[1]) ** 2).astype(
                self.dtype
            )
        return self.gains[block]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the filtered signal, (time,) float32, of a signal (time,)."""
        pad, n = self.pad, len(x)
        if n <= pad + 1:
            y = zero_phase(self.sos, x)
            return (envelope(y) if self.amplitude else y).astype(np.float32)
        gain = self.gain(n)
        block = 2 * (len(gain) - 1)
        step = block - 2 * pad
        mean = float(np.mean(x, dtype=np.float64))
        count = -(-n // step)
        padded = np.zeros(count * step + 2 * pad, self.dtype)
        np.subtract(x, mean, out=padded[pad : pad + n], casting="unsafe")
        padded[:pad] = 2 * padded[pad] - padded[pad + pad : pad : -1]
        padded[pad + n : n + 2 * pad] = 2 * padded[pad + n - 1] - padded[n + pad - 2 : n - 2 : -1]
        blocks = np.lib.stride_tricks.sliding_window_view(padded, block)[::step]
        out = np.empty((count, step), np.float32)
        for k in range(0, count, BATCH):
            spectrum = scipy.fft.rfft(blocks[k : k + BATCH], axis=1)
            spectrum *= gain
            piece = (
                np.abs(_one_sided(spectrum, block))
                if self.amplitude
                else scipy.fft.irfft(spectrum, block, axis=1, overwrite_x=True)
            )
            out[k : k + BATCH] = piece[:, pad : pad + step]
        out = out.reshape(-1)[:n]
        if not self.amplitude:
            out += np.float32(mean * gain[0])
        return out


def causal(sos: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Filter forwards only, starting settled on the first sample."""
    y: np.ndarray = sosfilt(sos, x, zi=sosfilt_zi(sos) * x[0])[0]
    return y


def band_amplitude(
    band_hz: tuple[float, float], sfreq: float, phase: str
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what turns a signal into the Hilbert amplitude of a band. With phase ``causal`` only
    the band-pass itself is causal.
    """
    sos = band_pass_sos(band_hz, sfreq)
    if phase == "zero":
        return ZeroPhaseFFT(sos, amplitude=True)
    return lambda x: envelope(causal(sos, x)).astype(np.float32)


def envelope(x: np.ndarray) -> np.ndarray:
    """Return the Hilbert amplitude of a signal (n_samples,), its ends zero-padded."""
    y: np.ndarray = np.abs(hilbert(x, scipy.fft.next_fast_len(len(x))))[: len(x)]
    return y


def _one_sided(spectrum: np.ndarray, n: int) -> np.ndarray:
    """Return the analytic signal (.., n) of half spectra (.., frequency)."""
    full = np.zeros((*spectrum.shape[:-1], n), spectrum.dtype)
    full[..., : spectrum.shape[-1]] = spectrum
    full[..., 1 : (n + 1) // 2] *= 2
    return scipy.fft.ifft(full, axis=-1, overwrite_x=True)
