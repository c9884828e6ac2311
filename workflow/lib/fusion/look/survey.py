"""What a recording's own files say of it: format, length, events, line frequency, places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusion.ids import entities
from fusion.ieeg import positions, sidecars
from fusion.ieeg.recording import open_recording
from fusion.io.errors import InputError, gathering, going_on
from fusion.io.tables import read_tsv
from fusion.look.spec import SeenRecording


@dataclass(frozen=True)
class Surveyed:
    """What is known of a recording.

    Attributes
    ----------
    name, subject
        BIDS name without suffix, and its subject.
    format
        Ending of the data file; empty where it is not there.
    length_s
        Length; None if nothing says it.
    length_by
        What says it.
    sfreq
        Sampling rate (Hz); None if unknown.
    types
        Channel type -> number of good channels.
    events
        onset, duration and trial_type of events.tsv; empty without one.
    columns
        Columns of events.tsv.
    line_hz
        Line frequency by the sidecar; None if it does not say.
    spaces
        Coordinate spaces of its electrodes tables.
    placed
        Number of electrodes with a position.
    region_column
        Column with region labels; empty without one.
    faults
        What could not be read.
    """

    name: str
    subject: str
    format: str = ""
    length_s: float | None = None
    length_by: str = ""
    sfreq: float | None = None
    types: dict[str, int] = field(default_factory=dict)
    events: pd.DataFrame = field(default_factory=lambda: _no_events())
    columns: tuple[str, ...] = ()
    line_hz: float | None = None
    spaces: tuple[str, ...] = ()
    placed: int = 0
    region_column: str = ""
    faults: tuple[InputError, ...] = ()

    def entity(self, key: str) -> str:
        """Return the value of a BIDS entity (``task``, ``run`` ..), empty without it."""
        return entities(self.name).get(key, "")


def _no_events() -> pd.DataFrame:
    return pd.DataFrame({"onset": [], "duration": [], "trial_type": []})


def survey(one: SeenRecording) -> Surveyed:
    """Return what is known of a recording: no sample of it is read."""
    given = list(one.sidecars)
    known: dict[str, Any] = {}
    info: dict[str, Any] = {}
    channels = None
    with gathering() as faults:
        with going_on():
            info = sidecars.read_info(given)
        with going_on():
            channels = sidecars.read_channels(given, one.files[0] if one.files else one.name)
            good = channels[channels["status"] == "good"]
            known["types"] = {str(k): int(n) for k, n in good["type"].value_counts().items()}
        with going_on():
            known |= _events(given)
        with going_on():
            known |= _places(given)
        with going_on():
            if one.files:
                types = list(known.get("types", ()))
                rates = {} if channels is None else sidecars.stated_rates(channels, types)
                names = [] if channels is None else list(channels["name"])
                opened = open_recording(one.files, names, rates)
                known |= {
                    "length_s": opened.samples / opened.sfreq,
                    "length_by": "the data file",
                    "sfreq": opened.sfreq,
                }
    stated = {key: info.get(key) for key in ("RecordingDuration", "SamplingFrequency")}
    numbers = {key: float(v) for key, v in stated.items() if isinstance(v, int | float)}
    if "length_s" not in known and numbers.get("RecordingDuration", 0) > 0:
        known |= {"length_s": numbers["RecordingDuration"], "length_by": "ieeg.json"}
    known.setdefault("sfreq", numbers.get("SamplingFrequency"))
    line = info.get("PowerLineFrequency")
    return Surveyed(
        name=one.name,
        subject=one.subject,
        format=Path(one.files[0]).suffix if one.files else "",
        line_hz=float(line) if isinstance(line, int | float) and line > 0 else None,
        faults=tuple(faults),
        **known,
    )


def _events(given: Sequence[str]) -> dict[str, Any]:
    table, path = sidecars.read_events(list(given))
    if table is None or path is None:
        return {}
    columns = tuple(map(str, table.columns))
    length = table["duration"] if "duration" in table else pd.Series(np.nan, table.index)
    kind = table["trial_type"] if "trial_type" in table else pd.Series("n/a", table.index)
    kept = {
        "onset": table["onset"].astype(float),
        "duration": pd.to_numeric(length, errors="coerce").astype(float),
        "trial_type": kind.fillna("n/a").astype(str).str.strip(),
    }
    return {"events": pd.DataFrame(kept), "columns": columns}


def _places(given: Sequence[str]) -> dict[str, Any]:
    """Return the spaces of a recording's electrodes, and what is known in the one that is taken."""
    tables = [Path(path) for path in given if path.endswith("electrodes.tsv")]
    if not tables:
        return {}
    found = positions.read_positions(list(given))
    columns = {c for path in tables for c in read_tsv(path).columns}
    spaces = {entities(path.name).get("space", found.space) for path in tables}
    return {
        "spaces": tuple(sorted({found.space, *spaces} if len(tables) > 1 else {found.space})),
        "placed": int(np.isfinite(found.table["x"].to_numpy(float)).sum()),
        "region_column": next((c for c in positions.REGION_COLUMNS if c in columns), ""),
    }
