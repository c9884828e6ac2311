"""The forward passes: every distinct input once, all layers at a time, batch by batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
import pandas as pd
import torch

from fusion.errors import InputError
from fusion.models.hooks import capture
from fusion.models.network import Items, Network

START = {"cpu": 32, "cuda": 128, "mps": 32}


def distinct(events: pd.DataFrame, feed: str, text_column: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return what a model is to be shown, each input once, in order of first appearance, and which event shows which.

    Parameters
    ----------
    events
        Columns ``frame`` and ``text_column``.
    feed
        ``image``, ``text`` or ``joint``.

    Returns
    -------
    items
        Columns frame and text, one row per distinct input.
    which
        (event,) row of ``items``.

    Raises
    ------
    InputError
        If there are no events.
    """
    if events.empty:
        raise InputError("events", "", "no events", "at least one event; see how many words and cuts there were in the table of counts")
    shown = pd.DataFrame({"frame": events["frame"].to_numpy(), "text": events[text_column].fillna("").astype(str).to_numpy()})
    keys = {"image": ["frame"], "text": ["text"], "joint": ["frame", "text"]}[feed]
    which = shown.groupby(keys, sort=False).ngroup().to_numpy()
    _, first = np.unique(which, return_index=True)
    return shown.iloc[first].reset_index(drop=True), which


def runs_of(which: np.ndarray, start: int, stop: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield stretches of consecutive events whose input lies in ``start:stop``, with their rows in that batch."""
    rows = np.flatnonzero((which >= start) & (which < stop))
    for run in np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1):
        if len(run):
            yield slice(run[0], run[-1] + 1), which[run] - start


def device_of(name: str) -> torch.device:
    """Return the device that ``auto`` finds (CUDA, then MPS, then CPU), or the one named.

    Raises
    ------
    InputError
        If the named device is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    name = next(k for k in there if there[k]) if name == "auto" else name
    if not there[name]:
        raise InputError(
            "config",
            "key activations.device",
            f"{name}, which this machine does not have",
            "auto or " + ", ".join(k for k in there if there[k]),
        )
    return torch.device(name)


def features(
    network: Network,
    layers: dict[str, str],
    n_items: int,
    items: Callable[[int, int], Items],
    device: torch.device,
    batch_size: int | None = None,
    autocast: bool = False,
    workers: int = 1,
    progress: Callable[[int], object] = lambda n: None,
) -> Iterator[tuple[int, int, dict[str, np.ndarray]]]:
    """Run the network over all items and yield its layers.

    Parameters
    ----------
    layers
        Module path -> pooling, without patterns.
    items
        (start, stop) -> that part of the ``n_items`` items.
    batch_size
        Items a forward pass; None starts with a size for the device. Out of memory halves it.
    workers
        Threads that prepare coming batches while one is computed; as many batches wait in memory.
    progress
        Called with the number of items done.

    Yields
    ------
    start, stop, layers
        Which items, and (item, feature) float32 by module path.

    Raises
    ------
    InputError
        If a layer is not reached by the forward pass, or puts out what is not finite.
    """
    network.module.to(device).eval()
    size = min(batch_size or START[device.type], n_items)
    mixed = torch.autocast(device.type) if autocast and device.type != "cpu" else nullcontext()
    with capture(network, layers) as captured, ThreadPoolExecutor(workers) as pool, torch.inference_mode(), mixed:
        start, ahead = 0, deque()
        while start < n_items:
            coming = ahead[-1][1] if ahead else start
            while len(ahead) <= workers and coming < n_items:
                ahead.append((coming, min(coming + size, n_items)))
                ahead[-1] += (pool.submit(_prepared, network, items, *ahead[-1]),)
                coming = ahead[-1][1]
            _, stop, prepared = ahead.popleft()
            try:
                done = _forward(network, captured, layers, {key: value.to(device) for key, value in prepared.result().items()})
            except (RuntimeError, MemoryError) as error:
                if size == 1 or not _out_of_memory(error):
                    raise
                size = max(1, size // 2)
                ahead.clear()
                if device.type == "cuda":
                    torch.cuda.empty_cache()
                continue
            for path, values in done.items():
                if not np.isfinite(values).all():
                    row = start + int(np.flatnonzero(~np.isfinite(values).all(1))[0])
                    found = f"values that are not finite at input {row}"
                    raise InputError(
                        "activations", f"layer {path}", found, "finite ones; without autocast, with other weights or another layer"
                    )
            yield start, stop, done
            progress(stop - start)
            start = stop


def _prepared(network: Network, items, start: int, stop: int) -> dict:
    batch = network.prepare(items(start, stop))
    if sides := [value.shape[-1] for value in batch.values() if value.ndim == 4]:
        network.notes["image_px"] = sides[0]
    return batch


def _forward(network: Network, captured: dict, layers: dict[str, str], batch: dict) -> dict[str, np.ndarray]:
    captured["batch"], captured["features"] = batch, {}
    network.run(batch)
    if unseen := [path for path in layers if path not in captured["features"]]:
        raise InputError(
            "config/models.yaml", f"layers.{unseen[0]}", "a module that this model's forward pass does not reach", "modules that run"
        )
    return {path: captured["features"][path].cpu().numpy() for path in layers}


def _out_of_memory(error: Exception) -> bool:
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "not enough memory" in str(error)
        or "out of memory" in str(error).lower()
    )
