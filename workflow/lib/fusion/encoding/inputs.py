"""Responses and activations of one subject, joined by event id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from fusion.encoding.spec import EncodeSpec
from fusion.encoding.streams import Features
from fusion.ids import FitId
from fusion.io.errors import InputError
from fusion.io.labelled import open_labelled, require
from fusion.io.tables import require_unique


@dataclass(frozen=True)
class Recording:
    """The responses of one recording.

    Attributes
    ----------
    path
        The file.
    name, stimulus
        Recording and film.
    event
        (n_events,) ids.
    onset_s
        (n_events,) film time (s).
    electrode
        (n_electrodes,) names.
    bin_ms
        (n_bins,) latency of the bins' centres (ms).
    """

    path: str
    name: str
    stimulus: str
    event: np.ndarray
    onset_s: np.ndarray
    electrode: np.ndarray
    bin_ms: np.ndarray


def read_recording(path: str | Path, **wanted: str) -> Recording:
    """Read everything of a responses file but the responses.

    Parameters
    ----------
    path
        The file.
    wanted
        What it should be of: ``subject``, ``alignment``.

    Raises
    ------
    InputError
        If event ids or electrodes repeat, or a film time is not finite.
    """
    with open_labelled(path) as file:
        require(file, path, **wanted)
        found = Recording(
            path=str(path),
            name=str(file.attrs["recording"]),
            stimulus=str(file.attrs["stimulus"]),
            event=file["event"].values.astype(str),
            onset_s=file["onset_s"].values.astype(float),
            electrode=file["electrode"].values.astype(str),
            bin_ms=file["bin_ms"].values,
        )
    for what in ("event", "electrode"):
        require_unique(getattr(found, what), path, what)
    if not np.isfinite(found.onset_s).all():
        raise InputError(
            path,
            "onset_s",
            "a film time that is not finite",
            "film time in seconds for every event",
        )
    return found


def read_recordings(paths: Iterable[str | Path], **wanted: str) -> list[Recording]:
    """Read the recordings of a subject; their bins must agree.

    Raises
    ------
    InputError
        If a recording has other bins than the first.
    """
    recordings = [read_recording(path, **wanted) for path in paths]
    for other in recordings[1:]:
        if not np.array_equal(other.bin_ms, recordings[0].bin_ms):
            raise InputError(
                other.path,
                "bin_ms",
                f"{len(other.bin_ms)} bins from {other.bin_ms[0]:g} ms",
                f"the {len(recordings[0].bin_ms)} bins of {recordings[0].path}",
            )
    return recordings


def read_responses(
    recordings: Sequence[Recording], electrodes: np.ndarray, bins: np.ndarray | slice = slice(None)
) -> np.ndarray:
    """Return (n_events, n_electrodes, n_bins) float32, the recordings' events one after the other.

    Parameters
    ----------
    recordings
        Recordings that have all of the electrodes.
    electrodes
        (n_electrodes,) names.
    bins
        Which bins.
    """
    n_bins = len(recordings[0].bin_ms[bins])
    n_events = sum(len(r.event) for r in recordings)
    out = np.empty((n_events, len(electrodes), n_bins), np.float32)
    start = 0
    for recording in recordings:
        at = pd.Index(recording.electrode).get_indexer(electrodes)
        assert (at >= 0).all(), f"{recording.path} lacks electrodes"
        with open_labelled(recording.path) as file:
            values = file["response"].transpose("event", "electrode", "bin_ms").values
        whole = len(at) == len(recording.electrode) and (at == np.arange(len(at))).all()
        chosen = values if whole else values[:, at]
        out[start : start + len(recording.event)] = chosen[..., bins]
        start += len(recording.event)
    return out


class Activations:
    """The layers of one fit, for the events of given recordings.

    Parameters
    ----------
    files
        (stimulus, part, path) of each activations file; ``part`` names the model where several are
        joined.
    parts
        Part -> layer, for a model that is made of layers of others, joined columnwise; None for a
        model of its own.
    fit
        The fit that the files should be of, where it is known.
    projected
        Whether the two parts are projected together rather than put side by side.

    Raises
    ------
    InputError
        If a file says that it is of another film, model, init or pairing, or holds something else
        than activations.
    """

    def __init__(
        self,
        files: Sequence[tuple[str, str, str]],
        parts: Mapping[str, str] | None = None,
        fit: FitId | None = None,
        projected: bool = False,
    ) -> None:
        self.projected = projected
        self.files = {(stimulus, part): str(path) for stimulus, part, path in files}
        self.parts, self.stimuli = parts, sorted({stimulus for stimulus, _, _ in files})
        self.names = list(dict.fromkeys(part for _, part, _ in files))
        self.variables: dict[tuple[str, str], dict[str, str]] = {}
        self.events: dict[tuple[str, str], pd.Index] = {}
        self.sizes: dict[str, dict[str, int]] = {}
        for (stimulus, part), path in self.files.items():
            with open_labelled(path) as file:
                self.variables[stimulus, part] = {
                    str(v.attrs["layer"]): str(name)
                    for name, v in file.data_vars.items()
                    if "layer" in v.attrs
                }
                self.sizes[part] = {
                    str(v.attrs["layer"]): v.shape[1]
                    for v in file.data_vars.values()
                    if "layer" in v.attrs
                }
                self.events[stimulus, part] = pd.Index(file["event"].values.astype(str))
                of = {"init": fit.init, "pairing": fit.pairing} if fit else {}
                require(file, path, stimulus=stimulus, **of)
                own = str(file.attrs.get("model", part))
                if own not in (part, FitId.parse(part).model):
                    raise InputError(path, "attribute 'model'", repr(own), f"{part}, as was asked")
            self._check(stimulus, part, path)

    @classmethod
    def of(cls, spec: EncodeSpec, paths: Iterable[str], fit: FitId | None = None) -> Self:
        """Return the layers of a fit.

        Parameters
        ----------
        spec
            What shapes the fit.
        paths
            Its activations files, in the order of ``spec.features``.
        fit
            The fit, if the files are to be checked for it.
        """
        files = [(*labels, path) for labels, path in zip(spec.features, paths, strict=True)]
        return cls(files, spec.parts, fit, spec.projected)

    def _check(self, stimulus: str, part: str, path: str) -> None:
        layers = list(self.variables[stimulus, part])
        require_unique(self.events[stimulus, part], path, "event")
        if not layers:
            raise InputError(path, "", "no layer", "variables with an attribute 'layer'")
        if self.parts and self.parts[part] not in layers:
            raise InputError(
                path,
                "layer",
                ", ".join(layers),
                f"{self.parts[part]!r}, which the zoo's row asks for",
            )
        first = (
            list(self.variables[self.stimuli[0], part])
            if (self.stimuli[0], part) in self.variables
            else layers
        )
        if layers != first:
            raise InputError(
                path,
                "layer",
                ", ".join(layers),
                f"the layers of the other films: {', '.join(first)}",
            )

    @property
    def layers(self) -> list[str]:
        """Names of the layers; joined parts make one."""
        if self.parts:
            sign = "*" if self.projected else "+"
            return [sign.join(f"{part}:{self.parts[part]}" for part in self.names)]
        return list(self.variables[self.stimuli[0], self.names[0]])

    @property
    def widths(self) -> list[int]:
        """Number of features of each layer."""
        if self.parts:
            return [sum(self.sizes[part][self.parts[part]] for part in self.names)]
        return list(self.sizes[self.names[0]].values())

    def read(self, layer: str, recordings: Sequence[Recording]) -> np.ndarray:
        """Return (n_events, n_features) float32 of a layer, one recording after the other.

        Raises
        ------
        InputError
            If an event of a recording has no activation.
        """
        return self._read(self.parts or {self.names[0]: layer}, recordings)

    def features(self, layer: str, recordings: Sequence[Recording]) -> Features:
        """Return a layer as it is fitted: as :meth:`read` does, or as two streams."""
        if not self.projected or not self.parts:
            return self.read(layer, recordings)
        first, second = (self._read({part: own}, recordings) for part, own in self.parts.items())
        return first, second

    def _read(self, wanted: Mapping[str, str], recordings: Sequence[Recording]) -> np.ndarray:
        rows = []
        for recording in recordings:
            columns = []
            for part, own in wanted.items():
                path, index = (
                    self.files[recording.stimulus, part],
                    self.events[recording.stimulus, part],
                )
                at = index.get_indexer(pd.Index(recording.event))
                if (at < 0).any():
                    missing = recording.event[at < 0]
                    raise InputError(
                        path,
                        "event",
                        f"{len(missing)} events of {recording.path} missing, first {missing[0]!r}",
                        "every event of the responses",
                    )
                with open_labelled(path) as file:
                    columns.append(
                        file[self.variables[recording.stimulus, part][own]]
                        .values[at]
                        .astype(np.float32, copy=False)
                    )
                assert len(columns[-1]) == len(recording.event)
            rows.append(np.concatenate(columns, axis=1) if len(columns) > 1 else columns[0])
        return np.concatenate(rows) if len(rows) > 1 else rows[0]
