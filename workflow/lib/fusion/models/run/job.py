"""One job of activations: a network on a film's events, with every alignment, init and pairing that
is asked for.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import h5netcdf
import numpy as np
import pandas as pd
import torch
import xarray as xr
from tqdm import tqdm

from fusion.ids import TRAINED
from fusion.io import labelled
from fusion.io.tables import read_tsv
from fusion.models.families import registry as families
from fusion.models.run import card, extract, hooks, moments, sharing
from fusion.models.run.hooks import Layers
from fusion.models.run.inputs import Inputs, Kind, distinct, runs_of
from fusion.models.run.look import look
from fusion.models.run.network import Network
from fusion.models.run.projection import Projection, target_size
from fusion.models.spec import ActivationsSpec, Shown, Weights

log = logging.getLogger(__name__)


def run(
    spec: ActivationsSpec,
    *,
    events: Mapping[str, Sequence[str]],
    frames: str | None,
    sound: str | None = None,
    weights: Weights,
    regions: str | None,
    outputs: Mapping[Shown, str],
    threads: int,
) -> None:
    """Run a network and write its layers, projected, batch by batch.

    Parameters
    ----------
    spec
        How it is run.
    events
        Alignment -> tables of events: the film's own, then those of all other films. Together they
        decide how far layers are projected, because films of one subject are analysed together and
        their layers must have one size.
    frames
        The film's frames; None for a model that sees none.
    sound
        The film's waveform; None for a model that hears nothing.
    weights
        Where its files lie.
    regions
        The user's file of image regions, if any.
    outputs
        What to show -> the file to write.
    threads
        Threads to compute with.

    Raises
    ------
    InputError
        If the frames are not those of the events, or the model does not fit its row.
    """
    torch.set_num_threads(threads)
    # Full precision on GPU too, unless autocast is asked for.
    torch.backends.cudnn.allow_tf32 = False
    tables = {
        alignment: _events(paths[0], [one for one in outputs if one.alignment == alignment])
        for alignment, paths in events.items()
    }
    targets = {
        alignment: target_size(
            spec.projection,
            len(tables[alignment]) + sum(len(read_tsv(path, ("event",))) for path in others),
            spec.jl_eps,
        )
        for alignment, (_, *others) in events.items()
    }
    row = spec.row
    if regions:
        row = replace(row, regions=replace(row.regions, file=regions))
    with ExitStack() as stack:
        store = frames or sound
        film = stack.enter_context(labelled.open_labelled(store)) if store else None
        for init in dict.fromkeys(one.init for one in outputs):
            files = {one: path for one, path in outputs.items() if one.init == init}
            network = families.build(spec.model, row, weights, init, spec.seed)
            _run_init(
                spec,
                network,
                tables=tables,
                targets=targets,
                film=film,
                outputs=files,
                weights=weights,
                threads=threads,
            )


def _events(path: str, shown: Iterable[Shown]) -> pd.DataFrame:
    """Return a table of events with the texts of the pairings that are shown."""
    columns = dict.fromkeys(one.column for one in shown)
    return read_tsv(
        path,
        columns=("event", "onset_s", "frame", *columns),
        dtype={"event": str, **dict.fromkeys(columns, str)},
    ).fillna(dict.fromkeys(columns, ""))


def _run_init(
    spec: ActivationsSpec,
    network: Network,
    *,
    tables: Mapping[str, pd.DataFrame],
    targets: Mapping[str, int | None],
    film: xr.Dataset | None,
    outputs: Mapping[Shown, str],
    weights: Weights,
    threads: int,
) -> None:
    """Write the files of one init."""
    row = spec.row
    device = extract.device_of(spec.device)
    moments.prepare(spec, network)
    inputs = distinct(
        {
            one: (
                moments.moments(spec, tables[one.alignment]),
                list(tables[one.alignment][one.column]),
            )
            for one in outputs
        }
    )
    if network.texts is not None:
        network.texts.truncate = spec.truncate
        network.texts.check(inputs.texts, row)
    network.module.to(device)
    layers = look(
        network,
        hooks.expand(network.module, row),
        row,
        frames=[int(frame) for frame in inputs.frames[:2]],
        texts=inputs.texts,
        trained=next(iter(outputs)).init == TRAINED,
    )
    n_inputs = sharing.total(network, layers, row.feed, inputs)
    log.info(
        "%d files of events show %d distinct inputs to %s (%d layers, %s)",
        len(outputs),
        n_inputs,
        spec.model,
        len(layers),
        device,
    )
    with ExitStack() as stack:
        writers = {}
        for alignment in dict.fromkeys(one.alignment for one in outputs):
            files = {
                one: stack.enter_context(
                    labelled.create(
                        path,
                        {"event": tables[alignment]["event"].to_numpy()},
                        {"stimulus": spec.stimulus, "model": spec.model, **vars(one)},
                    )
                )
                for one, path in outputs.items()
                if one.alignment == alignment
            }
            writers[alignment] = Writer(files, inputs, layers, targets[alignment], spec, threads)
        bar = stack.enter_context(tqdm(total=n_inputs, unit="input"))
        size = spec.batch_size or moments.batch_size(spec, extract.START[device.type])
        running = extract.Running(device, size, spec.autocast, threads, bar.update)
        pictures = moments.reader(spec, film, inputs)
        for kind, rows, done in sharing.pairings(
            network, layers, row.feed, inputs, pictures, running
        ):
            for writer in writers.values():
                writer.write(kind, rows, done)
        for writer in writers.values():
            for one, file in writer.files.items():
                texts = tables[one.alignment][one.column]
                made = card.card(spec, weights, one, network, writer.described(), list(texts))
                file.attrs["card"] = json.dumps(made, sort_keys=True)
    _warn(network, inputs, film)


def _warn(network: Network, inputs: Inputs[Shown], film: xr.Dataset | None) -> None:
    """Log what was cut from texts, and whether frames were enlarged."""
    if network.texts is not None:
        counts = network.texts.counts(inputs.texts)
        if counts.cut:
            kept = "end" if network.texts.truncate == "left" else "beginning"
            log.warning(
                "%d of %d texts are longer than the model's %d tokens; their %s was kept",
                counts.cut,
                counts.events,
                network.texts.length,
                kept,
            )
        if counts.unknown:
            log.warning("%.1f%% of the tokens are unknown", 100 * counts.share_unknown)
    if film is None or "image" not in film:
        return
    smaller_side = min(film.sizes["y"], film.sizes["x"])
    if (larger := network.notes.get("image_px", 0)) > smaller_side:
        log.warning(
            "frames of %d px were enlarged to the model's %d px; see config key frames.size_px",
            smaller_side,
            larger,
        )


class Writer:
    """Projects layers as they come and writes them to the events that show their inputs.

    Parameters
    ----------
    files
        What is shown -> open file; of one alignment.
    inputs
        What the events show.
    layers
        Name -> layer, in the order of their variables.
    target
        Features to project to, or None.
    spec
        ``project_up`` and ``seed``.
    threads
        Layers that are projected side by side.
    """

    def __init__(
        self,
        files: Mapping[Shown, h5netcdf.File],
        inputs: Inputs[Shown],
        layers: Layers,
        target: int | None,
        spec: ActivationsSpec,
        threads: int,
    ):
        self.files, self.inputs, self.layers = files, inputs, layers
        self.target, self.spec, self.threads = target, spec, threads
        self.number = {path: i for i, path in enumerate(layers)}
        self.projections: dict[str, Projection] = {}

    def write(self, kind: Kind, rows: np.ndarray, done: Mapping[str, np.ndarray]) -> None:
        """Write layers (n_rows, n_features) of the inputs ``rows`` of one kind."""
        for path in done:
            if path not in self.projections:
                self._begin(path, done[path].shape[1])
        shown = {one: self.inputs.shown[one][kind] for one in self.files}
        mine = np.isin(rows, np.concatenate(list(shown.values())))
        if not mine.any():
            return
        stretches = {one: list(runs_of(which, rows[mine])) for one, which in shown.items()}
        with ThreadPoolExecutor(self.threads) as side_by_side:
            projected = side_by_side.map(
                lambda path: self.projections[path](done[path][mine]), done
            )
            for path, values in zip(done, projected, strict=True):
                for one, file in self.files.items():
                    for events, inside in stretches[one]:
                        file[f"layer_{self.number[path]:02d}"][events] = values[inside]

    def described(self) -> list[dict[str, object]]:
        """Return what the model card says of every layer."""
        return [
            {
                "layer": name,
                "pooling": layer.pooling,
                "shape": list(layer.shape or ()),
                "prefix_tokens": layer.prefix,
                "channels": layer.channels if len(layer.shape or ()) == 3 else None,
                "width": projection.width,
                "size": projection.size,
                "projection_sha256": projection.digest,
            }
            for name, layer in self.layers.items()
            for projection in (self.projections[name],)
        ]

    def _begin(self, path: str, width: int) -> None:
        projection = Projection(width, self.target, self.spec.project_up, self.spec.seed)
        self.projections[path] = projection
        i, attrs = self.number[path], {"layer": path, "pooling": self.layers[path].pooling}
        for file in self.files.values():
            labelled.add_dimension(file, f"feature_{i:02d}", projection.size)
            labelled.add(file, f"layer_{i:02d}", ("event", f"feature_{i:02d}"), attrs=attrs)
