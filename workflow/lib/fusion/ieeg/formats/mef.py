"""Pauses of MEF3 recordings, from the table of contents of each channel.

mne compares the numbers of samples, which go on after a pause; the times of the blocks tell.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from fusion.ieeg.segments import Seam, alike, gaps
from fusion.io.errors import InputError


def try_out(path: str, read: Callable[[], Any]) -> None:
    """Raise ``InputError`` for a recording on which the reader crashes.

    The library that reads MEF3 is written in C and trusts what a header says; a damaged one may end
    the process. So it is opened, and its ends are read, in a process of its own first.

    Parameters
    ----------
    path
        The folder.
    read
        Opens it with mne.
    """
    child = os.fork()
    if child == 0:
        try:
            raw = read()
            session = raw._raw_extras[0]["session"]
            for name in raw.ch_names:
                session.get_channel_toc(name)
            raw[:, : min(raw.n_times, 100)]
            raw[:, max(0, raw.n_times - 100) :]
        finally:  # errors are found again, and named, by the process that asked
            os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        raise InputError(
            path,
            "",
            f"a file on which the reader crashes (signal {os.WTERMSIG(status)})",
            "a sound MEF3 recording",
        )


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
    if differ := [name for name, own in every.items() if not alike(own, first, sfreq)]:
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
