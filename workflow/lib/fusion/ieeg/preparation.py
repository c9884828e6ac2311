"""One recording, from its files to clean signals and what describes them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusion.ieeg import (
    atlas,
    channels,
    clean_sidecars,
    quality,
    recording,
    reference,
    sidecars,
)
from fusion.ieeg.cleaning import clean
from fusion.ieeg.clock import clock_table
from fusion.ieeg.sidecars import Positions
from fusion.ieeg.spec import PreprocessSpec

log = logging.getLogger(__name__)


@dataclass
class Source:
    """A recording as it came, opened but not read.

    Attributes
    ----------
    path
        The data file.
    raw
        The open data file (``mne.io.BaseRaw``).
    info
        Content of ``*_ieeg.json``.
    usable
        As :func:`fusion.ieeg.channels.usable` returns it.
    positions
        Positions of the contacts.
    clock
        Knots of the film's clock.
    line_hz
        Line frequency; None if unknown.
    notes
        What was repaired, guessed or left out.
    """

    path: str
    raw: Any
    info: dict[str, Any]
    usable: pd.DataFrame
    positions: Positions
    clock: pd.DataFrame
    line_hz: float | None
    notes: list[str]

    @property
    def sfreq(self) -> float:
        """Sampling rate (Hz)."""
        return float(self.raw.info["sfreq"])

    @property
    def samples(self) -> int:
        """Length in samples."""
        return int(self.raw.n_times)


@dataclass
class Cleaned:
    """A clean recording and what describes it.

    Attributes
    ----------
    names
        Electrodes.
    signals
        One (n_samples,) float32 array an electrode, made one by one.
    channels
        Content of channels.tsv.
    sidecar
        Content of ``*_ieeg.json``.
    electrodes
        All channels, kept or not, with their places.
    quality
        One row of the quality table.
    """

    names: list[str]
    signals: Iterator[np.ndarray]
    channels: pd.DataFrame
    sidecar: dict[str, Any]
    electrodes: pd.DataFrame
    quality: pd.DataFrame


def open_source(
    ieeg: str, given: Sequence[str], atlas_files: Sequence[str], spec: PreprocessSpec
) -> Source:
    """Return a recording with what its sidecars say about it.

    Parameters
    ----------
    ieeg
        The data file.
    given
        The sidecars.
    atlas_files
        Volume and labels of an atlas, or nothing.
    spec
        How the recording is read.

    Raises
    ------
    InputError
        At the first thing in a file that is wrong.
    """
    given = list(given)
    info, table = sidecars.read_info(given), sidecars.read_channels(given, ieeg)
    events, events_file = sidecars.read_events(given)
    positions = sidecars.read_positions(given, spec.space)
    if atlas_files:
        positions = atlas.with_regions(positions, list(atlas_files), spec.reach_mm)
    rates = sidecars.stated_rates(table, spec.channel_types)
    raw = recording.open_raw(ieeg, info, rates)
    sfreq, duration_s = float(raw.info["sfreq"]), raw.n_times / float(raw.info["sfreq"])
    usable = channels.usable(table, raw.ch_names, sfreq, spec.channel_types)
    channels.check_some(usable, ieeg)
    log.info(
        "%s: %d channels, %d neural, %d usable, %.6g s at %g Hz",
        ieeg,
        len(usable),
        usable["neural"].sum(),
        usable["kept"].sum(),
        duration_s,
        sfreq,
    )
    return Source(
        path=ieeg,
        raw=raw,
        info=info,
        usable=usable,
        positions=positions,
        clock=clock_table(spec.film_zero, events, events_file, duration_s, ieeg),
        line_hz=quality.line_frequency(spec.cleaning.line_freq_hz, info),
        notes=sidecars.channel_notes(table, getattr(raw, "_orig_units", {})),
    )


def prepare(source: Source, spec: PreprocessSpec, folder: Path) -> Cleaned:
    """Return the clean recording.

    Parameters
    ----------
    source
        The recording.
    spec
        How it is cleaned.
    folder
        An empty folder for a copy of the signals, one channel after the other; it must be there
        until all signals are made.
    """
    how, kept = spec.cleaning, source.usable.loc[source.usable["kept"], ["electrode", "in_file"]]
    by_channel, silent, range_uv = recording.transpose(
        source.raw, list(kept["in_file"]), folder / "channels"
    )
    names = dict(zip(kept["in_file"], kept["electrode"], strict=True))
    usable = channels.drop(source.usable, {names[name]: why for name, why in silent.items()})
    montage, dropped = reference.montage(usable, how.reference, how.shaft_ends, how.ecog_reference)
    usable = channels.drop(usable, dropped)
    channels.check_some(usable, source.path)
    row_of = {name: k for k, name in enumerate(kept["electrode"])}
    electrodes = channels.electrode_table(usable, source.positions, montage)
    row = quality.row(source, spec, usable, electrodes, range_uv)
    for warning in filter(None, row["warnings"].split("; ")):
        log.warning("%s: %s", spec.recording, warning)
    log.info(
        "kept %d of %d neural channels; dropped: %s", row["kept"], row["neural"], row["dropped"]
    )
    return Cleaned(
        names=list(montage["electrode"]),
        signals=clean(
            montage, lambda name: by_channel.read(row_of[name]), source.sfreq, source.line_hz, how
        ),
        channels=clean_sidecars.channels(montage, usable, how, source.sfreq),
        sidecar=clean_sidecars.ieeg(source, spec, montage, usable),
        electrodes=electrodes,
        quality=quality.table(row),
    )
