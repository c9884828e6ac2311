"""Dandiset 000623 (Keles et al. 2024) in the words of BIDS: the macro contacts of a session, the
clock of its film, and where contacts are.

A session's NWB file counts time from the start of the film. Its signals are padded by ten seconds,
so that second 0 of the series is ten seconds before the film.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusion.ieeg.formats import nwb
from fusion.ieeg.treebank.bids import depth_channels
from fusion.io.errors import InputError
from fusion.io.hdf5 import refuse_elsewhere

PAD_S = 10.0
FRAMES_HZ = 25.0
#: Most the recorded times of the first and the last picture may differ from the film's own (share).
DRIFT = 0.01


@dataclass(frozen=True)
class Session:
    """A session of the release.

    Attributes
    ----------
    series
        Signals of the macro contacts.
    places
        name, x, y, z (mm), size, region, hemisphere of every contact.
    film
        onset, duration, trial_type, film_s, film_end_s: one row.
    """

    series: nwb.Series
    places: pd.DataFrame
    film: pd.DataFrame


def read(path: str | Path) -> Session:
    """Return a session; its signals are read when they are asked for.

    Raises
    ------
    InputError
        If it is no NWB file, or not laid out as the dandiset is.
    """
    # Imported on use: only this source needs it.
    from pynwb import NWBHDF5IO

    refuse_elsewhere(path)
    try:
        file = NWBHDF5IO(str(path), "r", load_namespaces=True).read()
    except Exception as error:
        found = (str(error).strip().splitlines() or ["no answer"])[0][:200]
        raise InputError(path, "", found, "a valid NWB file") from error
    try:
        lfp = file.processing["ecephys"]["LFP_macro"].electrical_series
    except KeyError:
        raise InputError(
            path,
            "processing/ecephys/LFP_macro",
            "no such group",
            "the signals of the macro contacts, as in Dandiset 000623",
        ) from None
    one = next(iter(lfp.values()))
    table = one.electrodes.to_dataframe()
    if "origchannel_name" not in table:
        raise InputError(
            path,
            "table of electrodes",
            f"columns {', '.join(map(str, table))}",
            "a column origchannel_name",
        )
    whole = file.electrodes.to_dataframe()
    series = nwb.as_series(one, whole, "origchannel_name", str(path))
    if twice := sorted({n for n in series.names if series.names.count(n) > 1}):
        raise InputError(
            path, "table of electrodes", f"{', '.join(twice)} twice", "every name once"
        )
    return Session(series, _places(table, series.names), _film(file, series, path))


def _places(table: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    out = pd.DataFrame({"name": names})
    for axis in "xyz":
        known = table[axis] if axis in table else pd.Series(np.nan, table.index)
        out[axis] = pd.to_numeric(known, errors="coerce").to_numpy()
    out["size"] = None
    region = table["location"] if "location" in table else pd.Series(None, table.index)
    out["region"] = region.to_numpy()
    out["hemisphere"] = [name[:1] if name[:1] in "LR" else None for name in names]
    return out


def _film(file: Any, series: nwb.Series, path: str | Path) -> pd.DataFrame:
    """Return the row of the film: by the times of its pictures, else by the trial."""
    trials = file.trials.to_dataframe() if file.trials is not None else pd.DataFrame()
    watched = trials[trials["stim_phase"] == "encoding"] if "stim_phase" in trials else trials[:0]
    if watched.empty:
        raise InputError(
            path, "table of trials", "no row of stim_phase 'encoding'", "one: the film"
        )
    start, stop = float(watched["start_time"].iloc[0]), float(watched["stop_time"].iloc[0])
    film_s, film_end = 0.0, stop - start
    shown = file.stimulus.get("movieframe_time")
    if shown is not None and len(shown.data) > 1:
        number, at = np.asarray(shown.data[:], float), np.asarray(shown.timestamps[:], float)
        first, last = int(np.argmin(number)), int(np.argmax(number))
        seconds, own = at[last] - at[first], (number[last] - number[first]) / FRAMES_HZ
        if abs(seconds - own) > DRIFT * own:
            raise InputError(
                path,
                "stimulus/movieframe_time",
                f"{own:.3f} s of film in {seconds:.3f} s",
                f"pictures at {FRAMES_HZ:g} a second",
            )
        start, stop = float(at[first]), float(at[last])
        film_s, film_end = number[first] / FRAMES_HZ, number[last] / FRAMES_HZ
    onset = start + PAD_S - series.start_s
    row = {
        "onset": onset,
        "duration": stop - start,
        "trial_type": "film",
        "film_s": film_s,
        "film_end_s": film_end,
    }
    return pd.DataFrame([row])


def channels(session: Session) -> pd.DataFrame:
    """Return channels.tsv: all are depth electrodes."""
    return depth_channels(session.series.names, session.series.sfreq)


def ieeg(session: Session) -> dict[str, Any]:
    """Return what ``*_ieeg.json`` says of one session alone."""
    series = session.series
    return {
        "SamplingFrequency": series.sfreq,
        "RecordingDuration": series.samples / series.sfreq,
        "SEEGChannelCount": len(series.names),
    }
