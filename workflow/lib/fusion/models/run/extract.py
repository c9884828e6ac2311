"""The forward passes: all layers at a time, batch by batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from fusion.io.errors import InputError
from fusion.models.run.hooks import Captured, Layers, capture
from fusion.models.run.network import Batch, Items, Network

Prepared = TypeVar("Prepared")
Result = TypeVar("Result")
Done = tuple[int, int, dict[str, np.ndarray]]

START = {"cpu": 32, "cuda": 128, "mps": 32}


def device_of(name: str) -> torch.device:
    """Return the device that ``auto`` finds (CUDA, then MPS, then CPU), or the one named.

    Raises
    ------
    InputError
        If the named device is not there.
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    name = next(k for k in there if there[k]) if name == "auto" else name
    if not there[name]:
        raise InputError(
            "config",
            "key activations.device",
            f"{name}, which this machine does not have",
            "auto or " + ", ".join(k for k in there if there[k]),
        )
    return torch.device(name)


@dataclass(frozen=True)
class Running:
    """How a network is run.

    Attributes
    ----------
    device
        Where.
    batch_size
        Items a forward pass; None starts with a size for the device. Out of memory halves it.
    autocast
        Mixed precision, except on CPU.
    workers
        Threads that prepare coming batches while one is computed; as many batches wait in memory.
    progress
        Called with the number of items done.
    """

    device: torch.device
    batch_size: int | None = None
    autocast: bool = False
    workers: int = 1
    progress: Callable[[int], object] = lambda n: None


def features(
    network: Network,
    layers: Layers,
    n_items: int,
    items: Callable[[int, int], Items],
    running: Running,
) -> Iterator[Done]:
    """Run the network over all items and yield its layers.

    Parameters
    ----------
    layers
        As :func:`fusion.models.run.look.look` knows them.
    items
        (start, stop) -> that part of the ``n_items`` items.
    running
        Device, batch size and so on.

    Yields
    ------
    start, stop, layers
        Which items, and (n_items, n_features) float32 by layer.

    Raises
    ------
    InputError
        If a layer is not reached by the forward pass, or puts out what is not finite.
    """
    with capture(network, layers) as captured:

        def prepare(start: int, stop: int, size: int) -> Batch:
            return prepared(network, items(start, stop))

        def compute(start: int, stop: int, batch: Batch) -> Iterator[Done]:
            batch = {key: value.to(running.device) for key, value in batch.items()}
            yield (
                start,
                stop,
                forward(network, captured, layers, batch, f"inputs {start} to {stop - 1}"),
            )
            running.progress(stop - start)

        yield from in_batches(network, n_items, prepare, compute, running)


def in_batches(
    network: Network,
    n: int,
    prepare: Callable[[int, int, int], Prepared],
    compute: Callable[[int, int, Prepared], Iterator[Result]],
    running: Running,
) -> Iterator[Result]:
    """Yield what ``compute`` yields, batch by batch; out of memory halves the batches and computes
    the last one again.

    Parameters
    ----------
    prepare
        (start, stop, batch size) -> what ``compute`` takes; called in worker threads, ahead of
        time.
    compute
        (start, stop, prepared) -> results.
    """
    network.module.to(running.device).eval()
    device, workers = running.device, running.workers
    size = min(running.batch_size or START[device.type], n)
    mixed = (
        torch.autocast(device.type) if running.autocast and device.type != "cpu" else nullcontext()
    )
    with ThreadPoolExecutor(workers) as pool, torch.inference_mode(), mixed:
        start = 0
        ahead: deque[tuple[int, Future[Prepared]]] = deque()
        while start < n:
            coming = ahead[-1][0] if ahead else start
            while len(ahead) <= workers and coming < n:
                stop = min(coming + size, n)
                ahead.append((stop, pool.submit(prepare, coming, stop, size)))
                coming = stop
            stop, made = ahead.popleft()
            try:
                yield from compute(start, stop, made.result())
            except (RuntimeError, MemoryError) as error:
                if size == 1 or not _out_of_memory(error):
                    raise
                size = max(1, size // 2)
                ahead.clear()
                if device.type == "cuda":
                    torch.cuda.empty_cache()
                continue
            start = stop


def prepared(network: Network, items: Items) -> Batch:
    """Return what the network takes of ``items``, and note how large its images are."""
    batch = network.prepare(items)
    if sides := [value.shape[-1] for value in batch.values() if value.ndim == 4]:
        network.notes["image_px"] = sides[0]
    return batch


def forward(
    network: Network, captured: Captured, layers: Iterable[str], batch: Batch, where: str
) -> dict[str, np.ndarray]:
    """Return the layers (n_items, n_features) of one forward pass, checked; ``where`` says in an
    error which inputs they were.
    """
    captured.begin(batch)
    network.run(batch)
    done = {}
    for name in layers:
        if name not in captured.features:
            raise InputError(
                "activations",
                f"layer {name}",
                f"a module that the forward pass of {where} does not reach",
                "modules that run",
            )
        done[name] = captured.features[name].cpu().numpy()
        if not np.isfinite(done[name]).all():
            raise InputError(
                "activations",
                f"layer {name}",
                f"values that are not finite at {where}",
                "finite ones; without autocast, with other weights or another layer",
            )
    return done


def _out_of_memory(error: Exception) -> bool:
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "not enough memory" in str(error)
        or "out of memory" in str(error).lower()
    )
