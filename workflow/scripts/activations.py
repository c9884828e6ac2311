"""Run one network on the frames and texts of a film's events and write its layers, projected, batch by batch."""

import json
from concurrent.futures import ThreadPoolExecutor

import torch
from tqdm import tqdm

from fusion import labelled
from fusion.errors import InputError
from fusion.logs import log_to
from fusion.models import card, extract, families, hooks
from fusion.models.network import Items
from fusion.models.projection import Projection, target_size
from fusion.tables import read_tsv

log = log_to(snakemake.log[0])
spec = snakemake.params.spec
row = spec["row"]
torch.set_num_threads(snakemake.threads)
torch.backends.cudnn.allow_tf32 = False  # full precision on GPU too, unless autocast is asked for
device = extract.device_of(spec["device"])

text_column = "text" if spec["pairing"] == "true" else f"text_{spec['pairing']}"
events = read_tsv(snakemake.input.events, columns=("event", "frame", text_column), dtype={"event": str, text_column: str})
# Films of one subject are analysed together, so their layers must have one size: that of all their events.
n_events = sum(len(read_tsv(path, columns=("event",))) for path in snakemake.input.all_events)
target = target_size(spec["projection"], n_events, spec["jl_eps"])
items, which = extract.distinct(events, row["feed"], text_column)

with open(snakemake.input.weights) as file:
    weights = json.load(file)
network = families.build(spec["model"], row, weights | {"regions": list(snakemake.input.regions)}, spec["init"], spec["seed"])
layers = hooks.expand(network.module, row["layers"], spec["model"])
log.info("%d events show %d distinct inputs to %s (%d layers, %s)", len(events), len(items), spec["model"], len(layers), device)

with labelled.open_labelled(snakemake.input.frames) as film:
    place = {int(frame): i for i, frame in enumerate(film["frame"].to_numpy())} if row["feed"] != "text" else {}
    if lost := sorted(set(items["frame"]) - set(place)) if place else []:
        raise InputError(snakemake.input.frames, "frame", f"no frame {lost[0]}", f"all frames of {snakemake.input.events}")

    smaller_side = min(film.sizes["y"], film.sizes["x"])

    def shown(start, stop):
        part = items.iloc[start:stop]
        images = film["image"][[place[frame] for frame in part["frame"]]].to_numpy() if place else None
        return Items(part["frame"].to_numpy(), images, part["text"].tolist() if row["feed"] != "image" else None)

    projections = {}
    with (
        labelled.create(snakemake.output.activations, {"event": events["event"].to_numpy()}) as out,
        tqdm(total=len(items), unit="input") as bar,
        ThreadPoolExecutor(snakemake.threads) as side_by_side,
    ):
        batches = extract.features(
            network, layers, len(items), shown, device, spec["batch_size"], spec["autocast"], snakemake.threads, bar.update
        )
        for start, stop, done in batches:
            for i, (path, values) in enumerate(done.items()):
                if path not in projections:
                    projections[path] = Projection(values.shape[1], target, spec["project_up"], spec["seed"])
                    labelled.add_dimension(out, f"feature_{i:02d}", projections[path].size)
                    labelled.add(out, f"layer_{i:02d}", ("event", f"feature_{i:02d}"), attrs={"layer": path, "pooling": layers[path]})
            for i, values in enumerate(side_by_side.map(Projection.__call__, projections.values(), done.values())):
                for rows, inside in extract.runs_of(which, start, stop):
                    out[f"layer_{i:02d}"][rows] = values[inside]
        described = [
            {"layer": path, "pooling": layers[path], "width": p.width, "size": p.size, "projection_sha256": p.digest}
            for path, p in projections.items()
        ]
        made = card.card(spec["model"], row, weights, spec["init"], spec["pairing"], network, described)
        out.attrs["card"] = json.dumps(made, sort_keys=True)

if truncated := network.notes.get("truncated_texts"):
    log.warning("%d of %d texts are longer than the model reads and were cut at their end", len(truncated), items["text"].nunique())
if place and network.notes.get("image_px", 0) > smaller_side:
    log.warning(
        "frames of %d px were enlarged to the model's %d px; see config key frames.size_px", smaller_side, network.notes["image_px"]
    )
