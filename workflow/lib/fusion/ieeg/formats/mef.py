"""Pauses of MEF3 recordings, from the table of contents of each channel.

mne compares the numbers of samples, which go on after a pause; the times of the blocks tell.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fusion.ieeg.segments import Seam, gaps
from fusion.io.errors import InputError


def seams(raw: Any, path: str, names: list[str]) -> list[Seam]:
    """Return the pauses of an open MEF3 recording.

    Parameters
    ----------
    raw
        As ``mne.io.read_raw_mef`` returns it.
    path
        The folder, for messages.
    names
        Its channels.

    Raises
    ------
    InputError
        If channels were paused at different moments, or blocks hold fewer samples than the header
        promises.
    """
    session, sfreq = raw._raw_extras[0]["session"], float(raw.info["sfreq"])
    every = {name: _of_channel(session.get_channel_toc(name), sfreq) for name in names}
    first = every[names[0]]
    if differ := [name for name, seams_ in every.items() if seams_ != first]:
        raise InputError(
            path,
            f"channels {names[0]}, {differ[0]}",
            "pauses at different moments",
            "channels that were recorded together",
        )
    for name in names:
        held = int(session.get_channel_toc(name)[1].sum())
        if held < raw.n_times:
            raise InputError(
                path,
                f"channel {name}",
                f"{held} samples",
                f"{raw.n_times} samples, as its header says: the file is cut short",
            )
    return first


def _of_channel(toc: np.ndarray, sfreq: float) -> list[Seam]:
    toc = toc[:, np.argsort(toc[3], kind="stable")]
    count, onset_s = toc[1], (toc[3] - toc[3][0]) / 1e6
    first = np.cumsum(count) - count
    # times are whole microseconds
    late = gaps(onset_s, count / sfreq, max(1.5 / sfreq, 1e-5))
    return [Seam(int(first[k]), float(late[k])) for k in np.flatnonzero(late > 0)]
