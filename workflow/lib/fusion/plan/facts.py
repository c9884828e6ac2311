"""What jobs are sized by: films, recordings, networks and the config, before or after a run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

#: What is taken of a film or recording of which nothing is known yet.
WORDS_HZ, CUTS_HZ, PICTURES_HZ, MEGAPIXELS = 2.2, 0.2, 25.0, 0.9
#: Texts (tokens), pictures (patches) and sounds (frames) that a network reads at an event.
TOKENS = {"image": 197.0, "text": 20.0, "joint": 220.0, "sound": 500.0, "clip": 1568.0}


@dataclass(frozen=True)
class Film:
    """A film: its length (s), pictures, size of a picture (megapixels), words and cuts."""

    seconds: float
    pictures: float
    megapixels: float
    words: float
    cuts: float


@dataclass(frozen=True)
class Recording:
    """A recording: whose, of which film, its neural channels, sampling rate (Hz) and length (s)."""

    subject: str
    film: str
    channels: int
    sfreq: float
    seconds: float

    @property
    def megasamples(self) -> float:
        """Samples of all channels, in millions."""
        return self.channels * self.sfreq * self.seconds / 1e6


@dataclass(frozen=True)
class Network:
    """A network's own size.

    Attributes
    ----------
    gmacs
        Billions of multiply-adds of a forward pass at one event.
    layers, width
        Layers that are kept, and features of one after pooling and projection.
    basis
        Where that is known from.
    """

    gmacs: float
    layers: int
    width: int
    basis: str


@dataclass(frozen=True)
class Facts:
    """All that a dataset's jobs are sized by.

    Attributes
    ----------
    config
        The resolved config.
    films, recordings, networks
        By name.
    counts
        (film, alignment) -> events, where they have been made.
    """

    config: Mapping[str, Any]
    films: Mapping[str, Film]
    recordings: Mapping[str, Recording]
    networks: Mapping[str, Network]
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def alignments(self) -> list[str]:
        """Kinds of events."""
        return list(self.config["events"]["alignments"])

    @property
    def subjects(self) -> list[str]:
        """All subjects."""
        return sorted({one.subject for one in self.recordings.values()})

    def events(self, film: str, alignment: str) -> float:
        """Return the events of a film."""
        if (film, alignment) in self.counts:
            return float(self.counts[film, alignment])
        known = self.films[film]
        events = known.words if alignment == "language" else known.cuts
        spacing = self.config["events"]["min_spacing_s"]
        return min(events, known.seconds / spacing) if spacing else events

    def of_subject(self, subject: str) -> list[Recording]:
        """Return a subject's recordings."""
        return [one for one in self.recordings.values() if one.subject == subject]

    def events_of_subject(self, subject: str, alignment: str) -> float:
        """Return the events that a subject's recordings hold."""
        total = 0.0
        for one in self.of_subject(subject):
            share = min(1.0, one.seconds / max(self.films[one.film].seconds, 1e-9))
            total += share * self.events(one.film, alignment)
        return total

    def electrodes(self, subject: str) -> int:
        """Return the electrodes of a subject."""
        return max((one.channels for one in self.of_subject(subject)), default=0)

    @property
    def all_electrodes(self) -> int:
        """Electrodes of all subjects."""
        return sum(map(self.electrodes, self.subjects))

    @property
    def bins(self) -> int:
        """Bins of a response."""
        responses = self.config["responses"]
        first, last = responses["window_ms"]
        return int((last - first) / responses["step_ms"]) + 1


def of_results(folder: Path, networks: Mapping[str, Network]) -> Facts | None:
    """Return the facts of a dataset that has been run, or None if too little of it is there.

    Parameters
    ----------
    folder
        ``results/<dataset>``.
    networks
        Known sizes, by name.
    """
    config_file, made = folder / "config.yaml", folder / "intermediate"
    if not config_file.is_file():
        return None
    config = yaml.safe_load(config_file.read_text(encoding="utf-8"))
    films = {}
    for file in sorted(made.glob("stimuli/*_film.json")):
        facts = json.loads(file.read_text(encoding="utf-8"))
        name = facts["stimulus"]
        films[name] = Film(
            facts["end_s"],
            facts["pictures"],
            picture_size(config, folder, name),
            _rows(made / f"stimuli/{name}_words.tsv"),
            _rows(made / f"stimuli/{name}_cuts.tsv"),
        )
    recordings = {}
    for file in sorted(made.glob("quality/*.tsv")):
        row = pd.read_csv(file, sep="\t", dtype={"subject": str}).iloc[0]
        recordings[file.stem] = Recording(
            str(row["subject"]),
            str(row["stimulus"]),
            int(row["kept"]) or int(row["neural"]),
            float(row["sfreq_hz"]),
            float(row["duration_s"]),
        )
    if not films or not recordings:
        return None
    counts = {
        (name, alignment): int(_rows(file))
        for name in films
        for alignment in config["events"]["alignments"]
        if (file := made / f"events/{name}_{alignment}.tsv").is_file()
    }
    return Facts(config, films, recordings, networks, counts)


def picture_size(config: Mapping[str, Any], folder: Path, name: str) -> float:
    """Return the size of a film's pictures (megapixels), by its file where that is at hand."""
    path = config["stimuli"].get(name, {}).get("video")
    roots = [Path(config["root"])] if config["root"] else [folder / "bids"]
    files = [Path(path), *(root / path for root in roots)] if path else []
    there = next((file for file in files if file.is_file()), None)
    return film_head(there)[2] if there else MEGAPIXELS


def film_head(path: Path) -> tuple[float, float, float]:
    """Return length (s), pictures and megapixels of a film or sound, by its header."""
    # Imported on use: most of the plan needs no film.
    import av

    try:
        with av.open(f"file:{path}", options={"protocol_whitelist": "file"}) as opened:
            seconds = (opened.duration or 0) / av.time_base
            streams = [s for s in opened.streams.video if s.average_rate]
            if not streams:
                return seconds, 0.0, 0.0
            video = streams[0]
            rate = float(video.average_rate or Fraction(25))
            size = video.width * video.height / 1e6
            return seconds, float(video.frames or seconds * rate), size
    except (av.error.FFmpegError, OSError):
        return 0.0, 0.0, 0.0


def _rows(path: Path) -> float:
    if not path.is_file():
        return 0.0
    with open(path, "rb") as file:
        return float(max(0, sum(1 for _ in file) - 1))


def sizes(
    zoo: Mapping[str, Mapping[str, Any]],
    known: pd.DataFrame,
    weights: Mapping[str, float],
    events: float,
    projection: str | int,
) -> dict[str, Network]:
    """Return the size of every network: as listed, else from its weights.

    Parameters
    ----------
    zoo
        Model -> row.
    known
        Networks whose size is listed: gmacs, layers, width, indexed by name.
    weights
        Model -> size of its checkpoint (bytes), where that is at hand.
    events
        Events of all films, to which a projection is sized.
    projection
        Key ``activations.projection``.
    """
    found = {}
    for name, row in zoo.items():
        if row.get("parts"):
            continue
        flat = "flatten" in (row.get("layers") or {}).values()
        if name in known.index:
            one = known.loc[name].to_dict()
            found[name] = Network(
                float(one["gmacs"]), int(one["layers"]), int(one["width"]), "its listed size"
            )
        elif name in weights:
            parameters = weights[name] / 4
            gmacs = parameters * TOKENS.get(str(row.get("feed", "joint")), 200.0) / 1e9
            # A transformer of 12 blocks has 144 squares of its width.
            width = max(16, int(math.sqrt(parameters / 144)))
            layers = 12 if "*" in "".join(row.get("layers") or {}) else len(row["layers"])
            if flat and projection == "jl":
                width = max(width, int(4 * math.log(max(events, 2)) / (0.01 / 2 - 0.001 / 3)))
            found[name] = Network(
                gmacs, layers, width, f"the {parameters / 1e6:.3g} M parameters of its weights"
            )
    for name, row in zoo.items():
        if parts := row.get("parts"):
            joined = [found[part].width for part in parts if part in found]
            found[name] = Network(0.0, 1, sum(joined) or 768, "its parts")
    return found


def checkpoint_bytes(names: Iterable[str], files: Mapping[str, Path]) -> dict[str, float]:
    """Return model -> size of its checkpoint (bytes) of those that are at hand."""
    out = {}
    for name in names:
        path = files.get(name)
        if path is not None and path.is_file():
            out[name] = float(path.stat().st_size)
        elif path is not None and path.is_dir():
            parts = [f for f in path.rglob("*") if f.suffix in (".safetensors", ".bin", ".pt")]
            if parts:
                out[name] = float(max(part.stat().st_size for part in parts))
    return out
