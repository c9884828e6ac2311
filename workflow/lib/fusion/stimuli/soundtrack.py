"""The sound of a film, decoded once: mono, 16 kHz, on the film's clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from fusion.io.errors import InputError
from fusion.stimuli import container
from fusion.stimuli.waveform import RATE_HZ

#: Rounded timestamps wobble by a millisecond or two; only a larger gap is filled with silence.
WOBBLE = RATE_HZ // 20


def decode(path: str | Path, zero_s: float, *, stamped: bool = True) -> Iterator[np.ndarray]:
    """Yield the film's sound track as mono float32 at 16 kHz, piece by piece.

    The first sample is second 0 of the film: sound that starts later begins with silence, and what
    lies before is left out. Gaps between timestamps are filled with silence.

    Parameters
    ----------
    path
        The film.
    zero_s
        Second 0 of the film on the container's clock.
    stamped
        Whether time stamps after the first are of use; not where those of the film jump.

    Raises
    ------
    InputError
        If the sound cannot be decoded.
    """
    with container.open_film(path) as opened:
        if container.sound_stream(opened) is None:
            return
        written = 0
        try:
            for piece in _mono(opened):
                samples = piece.to_ndarray().reshape(-1)
                if piece.pts is not None and piece.time_base is not None:
                    start = round((float(piece.pts * piece.time_base) - zero_s) * RATE_HZ)
                    late = start - written
                    if written and not stamped:
                        pass
                    elif late > (WOBBLE if written else 0):
                        yield np.zeros(late, np.float32)
                        written += late
                    elif late < 0 and not written:
                        samples = samples[-late:]
                written += len(samples)
                if len(samples):
                    yield samples
        except av.error.FFmpegError as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(
                path,
                f"sound after {written / RATE_HZ:.3f} s",
                f"damaged data ({reason})",
                "sound that FFmpeg decodes, or none",
            ) from None


def _mono(opened: Any) -> Iterator[av.AudioFrame]:
    """Yield the sound track as mono float32 at 16 kHz; a stream may change its layout."""
    layout, resampler = None, None
    for frame in opened.decode(container.sound_stream(opened)):
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if now != layout:
            if resampler is not None:
                yield from resampler.resample(None)
            layout, resampler = now, av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        assert resampler is not None
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)
