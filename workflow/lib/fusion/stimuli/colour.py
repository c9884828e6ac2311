"""High dynamic range to the range that networks were trained on.

PQ (SMPTE ST 2084) and HLG (ARIB STD-B67, ITU-R BT.2100) code light; they are undone by their own
curves. Reference white, 203 cd/m² (ITU-R BT.2408), becomes white, brighter light is clipped, and
the result is coded for a display with a gamma of 2.4 (ITU-R BT.1886) in the primaries of BT.709.
"""

from __future__ import annotations

import numpy as np

PQ, HLG = 16, 18  # AVCOL_TRC_SMPTE2084, AVCOL_TRC_ARIB_STD_B67
WIDE = 9  # AVCOL_PRI_BT2020
WHITE_CD_M2 = 203.0
PEAK_HLG_CD_M2 = 1000.0
#: BT.2020 to BT.709 (ITU-R BT.2087).
NARROWER = np.array(
    [
        [1.660491, -0.587641, -0.072850],
        [-0.124550, 1.132900, -0.008349],
        [-0.018151, -0.100579, 1.118730],
    ]
)
LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])


def is_hdr(transfer: int) -> bool:
    """Return whether a transfer characteristic is one of high dynamic range."""
    return transfer in (PQ, HLG)


def to_sdr(coded: np.ndarray, transfer: int, primaries: int = WIDE) -> np.ndarray:
    """Return a picture of high dynamic range as 8-bit RGB.

    Parameters
    ----------
    coded
        (y, x, rgb) 0..1.
    transfer
        ``PQ`` or ``HLG``.
    primaries
        As FFmpeg numbers them; those of BT.2020 are converted.
    """
    light = from_pq(coded) if transfer == PQ else from_hlg(coded)
    light = light / WHITE_CD_M2
    if primaries == WIDE:
        light = light @ NARROWER.T
    return np.round(255 * np.clip(light, 0, 1) ** (1 / 2.4)).astype(np.uint8)


def from_pq(coded: np.ndarray) -> np.ndarray:
    """Return light (cd/m²) of values coded by PQ."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = np.asarray(coded, float) ** (1 / m2)
    light: np.ndarray = 10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    return light


def from_hlg(coded: np.ndarray) -> np.ndarray:
    """Return light (cd/m²) of values coded by HLG, on a display of 1,000 cd/m²."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    coded = np.asarray(coded, float)
    scene = np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - c) / a) + b) / 12)
    luma = (scene @ LUMA_2020)[..., None]
    light: np.ndarray = PEAK_HLG_CD_M2 * scene * np.maximum(luma, 1e-9) ** 0.2
    return light
