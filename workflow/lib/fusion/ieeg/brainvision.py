"""BrainVision files with one channel after the other (vectorized, float32), written and read
channel by channel.

pybv and mne hold a whole recording in memory; here one channel at a time is, and a channel is read
with one seek."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from fusion.io.atomic import whole

HEADER = """Brain Vision Data Exchange Header File Version 1.0
; Written by ieeg-fusion

[Common Infos]
Codepage=UTF-8
DataFile={eeg}
MarkerFile={vmrk}
DataFormat=BINARY
; All samples of one channel, then those of the next
DataOrientation=VECTORIZED
NumberOfChannels={channels}
DataPoints={samples}
; Sampling interval in microseconds
SamplingInterval={interval}

[Binary Infos]
BinaryFormat=IEEE_FLOAT_32

[Channel Infos]
; Ch<Number>=<Name>,<Reference>,<Resolution>,<Unit>
{rows}
"""

MARKERS = """Brain Vision Data Exchange Marker File Version 1.0
; Written by ieeg-fusion

[Common Infos]
Codepage=UTF-8
DataFile={eeg}

[Marker Infos]
; Mk<Number>=<Type>,<Description>,<Position>,<Points>,<Channel>,<Date>
{rows}
"""

#: Date of the first sample in a file that only tells how segments lie to each other.
EPOCH = datetime(2000, 1, 1)


def write(
    vhdr: str | Path,
    names: list[str],
    signals: Iterable[np.ndarray],
    samples: int,
    sfreq: float,
    unit: str = "µV",
    segments: Sequence[tuple[int, float]] = ((0, 0.0),),
) -> None:
    """Write ``signals``, one (n_samples,) array per name, in order, as .eeg, .vmrk and last .vhdr.

    ``segments`` are the first sample and the onset (s) of each continuous piece.

    Raises
    ------
    ValueError
        If there are not as many signals as names, or one has not ``samples`` samples.
    """
    vhdr = Path(vhdr)
    eeg, vmrk = vhdr.with_suffix(".eeg"), vhdr.with_suffix(".vmrk")
    with whole(eeg) as part, open(part, "wb", buffering=0) as file:
        count = 0
        for signal in signals:
            if signal.shape != (samples,):
                raise ValueError(
                    f"signal {count} of {vhdr} has shape {signal.shape}, not ({samples},)"
                )
            np.ascontiguousarray(signal, "<f4").tofile(file)
            count += 1
        if count != len(names):
            raise ValueError(f"{count} signals for {len(names)} names in {vhdr}")
    with whole(vmrk) as part:
        part.write_text(MARKERS.format(eeg=eeg.name, rows=_markers(segments)), encoding="utf-8")
    rows = "\n".join(
        f"Ch{k}={name.replace(',', chr(92) + '1')},,1,{unit}" for k, name in enumerate(names, 1)
    )
    text = HEADER.format(
        eeg=eeg.name,
        vmrk=vmrk.name,
        channels=len(names),
        samples=samples,
        interval=repr(1e6 / sfreq),
        rows=rows,
    )
    with whole(vhdr) as part:
        part.write_text(text, encoding="utf-8")


def _markers(segments: Sequence[tuple[int, float]]) -> str:
    """Return a ``New Segment`` marker a segment; its date tells the length of the pause."""
    rows = []
    for k, (sample, onset_s) in enumerate(segments, 1):
        date = EPOCH + timedelta(seconds=onset_s)
        # one that stands alone needs no date
        stamp = f",{date:%Y%m%d%H%M%S%f}" if len(segments) > 1 else ""
        rows.append(f"Mk{k}=New Segment,,{sample + 1},1,0{stamp}")
    return "\n".join(rows)


class Vectorized:
    """A file of channels one after the other, float32, read one channel at a time (``read(k)``)."""

    def __init__(self, path: str | Path, channels: int):
        self.path, self.channels = Path(path), channels
        size = self.path.stat().st_size
        if size % (4 * channels):
            raise ValueError(f"{path}: {size} bytes are not {channels} channels of float32")
        self.samples = size // (4 * channels)

    def read(self, k: int) -> np.ndarray:
        """Return channel ``k``, (time,) float32."""
        return np.fromfile(self.path, "<f4", count=self.samples, offset=4 * self.samples * k)
