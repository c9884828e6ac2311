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
    agreement,
    atlas,
    channels,
    clean_sidecars,
    quality,
    reference,
    sidecars,
    units,
)
from fusion.ieeg.artefacts import Marks
from fusion.ieeg.cleaning import check, clean, shortest_s
from fusion.ieeg.clock import clock_table, on_samples
from fusion.ieeg.formats.opened import Opened
from fusion.ieeg.positions import Positions, from_file, read_positions
from fusion.ieeg.recording import open_recording, transpose
from fusion.ieeg.segments import Segments, at_rate, segments
from fusion.ieeg.spec import PreprocessSpec
from fusion.io.errors import InputError, going_on

log = logging.getLogger(__name__)


@dataclass
class Source:
    """A recording as it came, opened but not read.

    Attributes
    ----------
    path
        The data file.
    opened
        The open data file.
    sfreq
        Sampling rate (Hz).
    info
        Content of ``*_ieeg.json``.
    usable
        As :func:`fusion.ieeg.channels.usable` returns it.
    factors
        (n_kept,) by what the volts of the kept channels are multiplied.
    positions
        Positions of the contacts.
    whole
        All segments of the recording.
    long
        (n_segments,) which of them are long enough to be filtered.
    clock
        Knots of the film's clock, on the samples of the segments that are kept.
    line_hz
        Line frequency; None if unknown.
    notes
        What was repaired, guessed or left out.
    """

    path: str
    opened: Opened
    sfreq: float
    info: dict[str, Any]
    usable: pd.DataFrame
    factors: np.ndarray
    positions: Positions
    whole: Segments
    long: np.ndarray
    clock: pd.DataFrame
    line_hz: float | None
    notes: list[str]

    @property
    def segments(self) -> Segments:
        """The segments that are kept."""
        return self.whole.take(self.long)

    @property
    def samples(self) -> int:
        """Samples of the segments that are kept."""
        return self.segments.samples

    @property
    def markers(self) -> list[tuple[int, float]]:
        """First sample and onset (s) of each segment, time from the first one kept."""
        onset = self.segments.onset_s - self.segments.onset_s[0]
        return [(int(a), float(t)) for a, t in zip(self.segments.start, onset, strict=True)]


@dataclass
class Cleaned:
    """A clean recording and what describes it.

    Attributes
    ----------
    names
        Electrodes.
    signals
        One (n_samples,) float32 array an electrode, made one by one.
    marks
        Artefacts; complete once all signals are made.
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
    marks: Marks
    channels: pd.DataFrame
    sidecar: dict[str, Any]
    electrodes: pd.DataFrame
    quality: pd.DataFrame


def open_source(
    files: Sequence[str], given: Sequence[str], atlas_files: Sequence[str], spec: PreprocessSpec
) -> Source:
    """Return a recording with what its sidecars say about it.

    Parameters
    ----------
    files
        The data file, or the parts of a split recording.
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
    given, ieeg = list(given), files[0]
    info, table = sidecars.read_info(given), sidecars.read_channels(given, ieeg)
    rates = sidecars.stated_rates(table, spec.channel_types)
    opened = open_recording(files, list(table["name"]), rates)
    label_notes: list[str] = []
    with going_on():
        label_notes = channels.check_labels(table, opened.duplicates, ieeg, spec.channel_types)
    sfreq, rate_notes = opened.sfreq, list[str]()
    with going_on():
        sfreq, rate_notes = agreement.rate(opened, info, rates)
    with going_on():
        check(spec.cleaning, sfreq)
    events, events_file = sidecars.read_events(given)
    if opened.dated and sfreq != opened.sfreq:
        opened.seams = at_rate(opened.seams, opened.sfreq, sfreq)
    whole = segments(opened.samples, sfreq, opened.seams)
    if spec.onsets == "time" and events is not None:
        with going_on():
            agreement.check_onsets(events, whole, str(events_file))
    if spec.onsets == "samples" and events is not None:
        events = events.assign(onset=whole.time_of(events["onset"].to_numpy(float) * sfreq))
    if marked := sidecars.seams_in(events, whole):
        whole = segments(opened.samples, sfreq, [*opened.seams, *marked])
    with going_on():
        agreement.check_time(opened, info, whole, spec.onsets)
    film = pd.DataFrame(columns=["film_s", "recording_s", "segment"])
    with going_on():
        film = clock_table(spec.film_zero, events, events_file, whole.end_s, ieeg)
    long = whole.long_enough(shortest_s(spec.cleaning))
    if not long.any():
        raise InputError(
            ieeg,
            "segments",
            f"{len(whole)} segments of {whole.count.max() / sfreq:.6g} s at most",
            f"one of {shortest_s(spec.cleaning):g} s, a period of the high-pass",
        )
    usable = channels.usable(table, opened.names, sfreq, spec.channel_types)
    channels.check_some(usable, ieeg)
    positions = read_positions(given, spec.space)
    if positions.table.empty and opened.places is not None:
        positions = from_file(opened.places)
    if atlas_files:
        positions = atlas.with_regions(positions, list(atlas_files), spec.reach_mm)
    kept = usable[usable["kept"]]
    factors, unit_notes = units.factors(opened, table, kept, whole.take(long), spec.units)
    line_hz = quality.line_frequency(spec.cleaning.line_freq_hz, info)
    log.info(
        "%s: %d channels, %d neural, %d usable, %.6g s at %g Hz in %d segments, %.6g s lost",
        ieeg,
        len(usable),
        usable["neural"].sum(),
        usable["kept"].sum(),
        whole.samples / sfreq,
        sfreq,
        len(whole),
        whole.lost_s,
    )
    return Source(
        path=ieeg,
        opened=opened,
        sfreq=sfreq,
        info=info,
        usable=usable,
        factors=factors,
        positions=positions,
        whole=whole,
        long=long,
        clock=on_samples(film, whole.take(long)),
        line_hz=line_hz,
        notes=[
            *opened.notes,
            *label_notes,
            *rate_notes,
            *unit_notes,
            *sidecars.channel_notes(table, opened.units),
            *agreement.notes(info, table, whole, line_hz),
        ],
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
    by_channel, silent, range_uv = transpose(
        source.opened,
        list(kept["in_file"]),
        source.factors,
        source.segments,
        folder / "channels",
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
    electrode_names = list(montage["electrode"])
    signals = clean(
        montage,
        lambda name: by_channel.read(row_of[name]),
        source.sfreq,
        source.line_hz,
        how,
        source.segments.slices,
    )
    marks = Marks(source.segments, source.line_hz, spec.artefacts)
    return Cleaned(
        names=electrode_names,
        signals=marks.watch(electrode_names, signals),
        marks=marks,
        channels=clean_sidecars.channels(montage, usable, how, source.sfreq),
        sidecar=clean_sidecars.ieeg(source, spec, montage, usable),
        electrodes=electrodes,
        quality=quality.table(row),
    )
