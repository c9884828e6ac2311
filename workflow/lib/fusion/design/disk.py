"""What jobs write (MB): the requests ``disk_mb`` of rules whose files grow with a dataset.

Sizes follow the shapes of what a job reads, and are upper bounds. Where a file is not there yet
``FileNotFoundError`` is raised, and Snakemake asks again once it is.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from fusion.design.models import Activations
from fusion.design.study import Study

Inputs = Any
#: Log, tables and descriptions beside what grows (MB).
LEAST = 20
#: Width over height of the widest pictures that are shown.
WIDEST = 2.4
#: Layers and width of a network that is not listed.
UNKNOWN = (50, 4096)
#: Files that are not compressed, of 16 bits a sample or more; clean samples have 32.
PLAIN = (".eeg", ".edf", ".bdf", ".fdt", ".dat")


def megabytes(*paths: str | Iterable[str]) -> float:
    """Return the size of files, and of what lies in folders."""
    total = 0
    for given in paths:
        for path in [given] if isinstance(given, str) else given:
            one = Path(path)
            inside = [part for part in one.rglob("*") if part.is_file()] if one.is_dir() else [one]
            total += sum(part.stat().st_size for part in inside)
    return total / 1e6


def rows(path: str) -> int:
    """Return the rows of a table, its header left out."""
    return _rows(path, Path(path).stat().st_mtime_ns)


@cache
def _rows(path: str, changed_ns: int) -> int:
    with open(path, "rb") as file:
        return max(0, sum(1 for _ in file) - 1)


def above_least(megabytes: float) -> int:
    """Return a request: what grows, and what is always written."""
    return LEAST + math.ceil(megabytes)


@dataclass(frozen=True)
class Disk:
    """One method a rule: wildcards and inputs of a job -> MB."""

    study: Study

    @property
    def bins(self) -> int:
        """Bins of a response."""
        responses = self.study.config["responses"]
        first, last = responses["window_ms"]
        return int((last - first) / responses["step_ms"]) + 1

    def simulate(self) -> int:
        """Return what the demo's dataset takes: recordings, and at most 1 MB a minute of film."""
        given = self.study.config["simulate"]
        shafts = given["shafts"] + bool(given["voices"])
        samples = (given["film_s"] + 60) * given["sfreq_hz"] * shafts * given["contacts"]
        return above_least(4 * given["subjects"] * samples / 1e6 + given["film_s"] / 60)

    def converted(self, source: str) -> int:
        """Return what a recording takes once it is no longer compressed."""
        return above_least(4 * megabytes(source))

    def preprocess(self, files: Inputs) -> int:
        """Return what a clean recording takes: 32 bits a sample."""
        parts = [*files.ieeg, *files.companions, *files.sidecars]
        plain = [path for path in parts if path.lower().endswith(PLAIN)]
        others = [path for path in parts if path not in plain]
        return above_least(2 * megabytes(plain) + 4 * megabytes(others))

    def responses(self, files: Inputs) -> int:
        """Return what responses take: events by electrodes by bins."""
        events = sum(map(rows, files.events))
        return above_least(4 * events * rows(files.channels) * self.bins / 1e6)

    def recordings(self, files: Inputs) -> int:
        """Return what the derivative takes where files cannot be linked."""
        return above_least(megabytes(files.clean))

    def frames(self, files: Inputs) -> int:
        """Return what the pictures of all events take, with the clips before them."""
        shown = 1 + sum(clip.pictures for clip in self.study.clips)
        side = self.study.config["frames"]["size_px"]
        return above_least(3 * WIDEST * side**2 * shown * sum(map(rows, files.events)) / 1e6)

    @cached_property
    def listed(self) -> Mapping[str, tuple[int, int]]:
        """Network -> layers and width, where they are listed."""
        path = self.study.repository / "resources" / "network_sizes.tsv"
        lines = path.read_text(encoding="utf-8").splitlines()
        table = csv.DictReader((one for one in lines if one[:1] != "#"), delimiter="\t")
        return {row["network"]: (int(row["layers"]), int(row["width"])) for row in table}

    def activations(self, model: str, files: Inputs) -> int:
        """Return what the layers of a network take: events by features, for each init and pairing.

        A layer that is flattened is as wide as its projection.
        """
        by_alignment = [files[f"events_{alignment}"] for alignment in self.study.alignments]
        events = sum(rows(films[0]) for films in by_alignment)
        layers, width = self.listed.get(model, UNKNOWN)
        settings = self.study.config["activations"]
        if "flatten" in self.study.zoo[model]["layers"].values() or settings["project_up"]:
            width = max(width, self._projected(settings, by_alignment))
        runs = Activations(self.study)
        copies = len(runs.outputs(runs.kind(model))) / len(by_alignment)
        return above_least(4 * copies * events * layers * width / 1e6)

    @staticmethod
    def _projected(settings: Mapping[str, Any], by_alignment: list[list[str]]) -> int:
        """Return the width of a projection (as :mod:`fusion.models.run.projection` has it)."""
        if isinstance(settings["projection"], int):
            return settings["projection"]
        events = max(sum(map(rows, films)) for films in by_alignment)
        eps = settings["jl_eps"]
        return int(4 * math.log(max(events, 2)) / (eps**2 / 2 - eps**3 / 3))

    def encode(self, alignment: str, responses: list[str], n_fits: int = 1) -> int:
        """Return what fits leave: predictions as large as the responses, and the influence of every
        block of film in each part and fold.

        Words are at least one in five seconds; cuts may be as few as one a block.
        """
        encoding = self.study.config["encoding"]
        blocks = 1.0 if alignment == "vision" else min(1.0, 5 / encoding["block_s"])
        parts = 2 * (1 + encoding["folds"])
        return above_least(n_fits * (1 + parts * blocks) * megabytes(responses))
