"""One job of activations: a network on a film's events, under the true pairing of frames and texts
or under shuffled ones.
"""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import torch
import xarray as xr
from tqdm import tqdm

from fusion.io import labelled
from fusion.io.errors import InputError
from fusion.io.tables import read_tsv
from fusion.models.families import registry as families
from fusion.models.run import card, extract, hooks, sharing
from fusion.models.run.inputs import Inputs, distinct, runs_of
from fusion.models.run.projection import Projection, target_size

log = logging.getLogger("fusion")


def run(
    spec: dict,
    events: str,
    all_events: list[str],
    frames: str,
    weights: str,
    regions: list[str],
    outputs: dict[str, str],
    threads: int,
):
    """Run a network and write its layers, projected, batch by batch.

    Parameters
    ----------
    spec
        ``model``, ``init``, ``row`` (of the zoo), ``seed`` and the config's section
        ``activations``.
    events, frames, weights, regions
        Files as of docs/architecture.md; ``regions`` is empty or holds the user's file.
    all_events
        Tables of events of all films: together they decide how far layers are projected, for films
        of one subject are analysed together and their layers must have one size.
    outputs
        Pairing -> the file to write.
    threads
        Threads to compute with.

    Raises
    ------
    InputError
        If the frames are not those of the events, or the model does not fit its row.
    """
    row = spec["row"]
    torch.set_num_threads(threads)
    # full precision on GPU too, unless autocast is asked for
    torch.backends.cudnn.allow_tf32 = False
    device = extract.device_of(spec["device"])
    columns = {pairing: "text" if pairing == "true" else f"text_{pairing}" for pairing in outputs}
    table = read_tsv(
        events,
        columns=("event", "frame", *columns.values()),
        dtype={"event": str, **dict.fromkeys(columns.values(), str)},
    )
    n_events = sum(len(read_tsv(path, columns=("event",))) for path in all_events)
    target = target_size(spec["projection"], n_events, spec["jl_eps"])
    inputs = distinct(table, columns)

    with open(weights) as file:
        found = json.load(file)
    network = families.build(
        spec["model"], row, found | {"regions": list(regions)}, spec["init"], spec["seed"]
    )
    layers = hooks.expand(network.module, row["layers"], spec["model"])
    n_inputs = sharing.total(network, layers, row["feed"], inputs)
    log.info(
        "%d events show %d distinct inputs to %s (%d layers, %s)",
        len(table),
        n_inputs,
        spec["model"],
        len(layers),
        device,
    )

    with ExitStack() as stack:
        film = stack.enter_context(labelled.open_labelled(frames))
        files = {}
        for pairing, path in outputs.items():
            files[pairing] = stack.enter_context(
                labelled.create(path, {"event": table["event"].to_numpy()})
            )
        bar = stack.enter_context(tqdm(total=n_inputs, unit="input"))
        running = extract.Running(device, spec["batch_size"], spec["autocast"], threads, bar.update)
        pictures = _pictures(film, inputs, frames, events) if row["feed"] != "text" else None
        writer = Writer(files, inputs, layers, target, spec, threads)
        for kind, rows, done in sharing.pairings(
            network, layers, row["feed"], inputs, pictures, running
        ):
            writer.write(kind, rows, done)
        for pairing, file in files.items():
            made = card.card(
                spec["model"], row, found, spec["init"], pairing, network, writer.described()
            )
            file.attrs["card"] = json.dumps(made, sort_keys=True)
        smaller_side = min(film.sizes["y"], film.sizes["x"])

    if truncated := network.notes.get("truncated_texts"):
        log.warning(
            "%d of %d texts are longer than the model reads and were cut at their end",
            len(truncated),
            len(inputs.texts),
        )
    if network.notes.get("image_px", 0) > smaller_side:
        larger = network.notes["image_px"]
        log.warning(
            "frames of %d px were enlarged to the model's %d px; see config key frames.size_px",
            smaller_side,
            larger,
        )


def _pictures(film: xr.Dataset, inputs: Inputs, frames: str, events: str):
    """Return (start, stop) -> images of that part of the distinct frames."""
    place = {int(frame): i for i, frame in enumerate(film["frame"].to_numpy())}
    if lost := sorted(set(inputs.frames) - set(place)):
        raise InputError(frames, "frame", f"no frame {lost[0]}", f"all frames of {events}")

    def pictures(start: int, stop: int) -> np.ndarray:
        return film["image"][[place[frame] for frame in inputs.frames[start:stop]]].to_numpy()

    return pictures


class Writer:
    """Projects layers as they come and writes them to the events of every pairing that show their
    inputs.

    Parameters
    ----------
    files
        Pairing -> open file.
    inputs
        What the events show.
    layers
        Module path -> pooling, in the order of their variables.
    target
        Features to project to, or None.
    spec
        ``project_up`` and ``seed``.
    threads
        Layers that are projected side by side.
    """

    def __init__(
        self,
        files: dict,
        inputs: Inputs,
        layers: dict[str, str],
        target: int | None,
        spec: dict,
        threads: int,
    ):
        self.files, self.inputs, self.layers, self.target, self.spec, self.threads = (
            files,
            inputs,
            layers,
            target,
            spec,
            threads,
        )
        self.number = {path: i for i, path in enumerate(layers)}
        self.projections: dict[str, Projection] = {}

    def write(self, kind: str, rows: np.ndarray, done: dict[str, np.ndarray]) -> None:
        """Write layers (row, feature) of the inputs ``rows`` of one kind."""
        for path in done:
            if path not in self.projections:
                self._begin(path, done[path].shape[1])
        stretches = {
            pairing: list(runs_of(shown[kind], rows))
            for pairing, shown in self.inputs.shown.items()
        }
        with ThreadPoolExecutor(self.threads) as side_by_side:
            projected = side_by_side.map(lambda path: self.projections[path](done[path]), done)
            for path, values in zip(done, projected, strict=True):
                for pairing, file in self.files.items():
                    for events, inside in stretches[pairing]:
                        file[f"layer_{self.number[path]:02d}"][events] = values[inside]

    def described(self) -> list[dict]:
        """Return what the model card says of every layer."""
        made = [(path, self.projections[path]) for path in self.layers]
        return [
            {
                "layer": path,
                "pooling": self.layers[path],
                "width": p.width,
                "size": p.size,
                "projection_sha256": p.digest,
            }
            for path, p in made
        ]

    def _begin(self, path: str, width: int) -> None:
        projection = Projection(width, self.target, self.spec["project_up"], self.spec["seed"])
        self.projections[path] = projection
        i, attrs = self.number[path], {"layer": path, "pooling": self.layers[path]}
        for file in self.files.values():
            labelled.add_dimension(file, f"feature_{i:02d}", projection.size)
            labelled.add(file, f"layer_{i:02d}", ("event", f"feature_{i:02d}"), attrs=attrs)
