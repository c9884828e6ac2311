"""A joint network's features under true and misaligned pairings, reduced to a common number of
dimensions, film by film.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fusion.controls.bands import principal, towers
from fusion.controls.interaction import Parts, parts, shift_sizes
from fusion.controls.spec import InteractionSpec, JointNetworkSpec
from fusion.ids import TRAINED, TRUE, FitId
from fusion.io.errors import InputError
from fusion.io.labelled import open_labelled
from fusion.stimuli.pairing import shifts as draw_shifts

FilePath = str | Path

# Rounds of the alternating fit that takes the additive parts out; three leave under 1% of them with
# eight shifts.
SWEEPS = 3
# Pairings below which the alternating fit would take out more interaction than noise.
FEWEST_TO_SWEEP = 4
# Features of a joint network beyond this number are mixed by random signs before anything else.
WIDEST = 4096


@dataclass(frozen=True)
class Film:
    """One film's joint features: all pairings, and their parts (event, feature)."""

    onset_s: np.ndarray
    joint: np.ndarray
    shuffled: list[np.ndarray]
    sources: list[np.ndarray]
    parts: Parts


def from_pairings(
    onset_s: np.ndarray,
    joint: list[np.ndarray],
    shuffled: list[list[np.ndarray]],
    sources: list[np.ndarray],
    rng: np.random.Generator,
) -> Film:
    """Return a film's joint features from forward passes on the true and on misaligned pairings.

    Parameters
    ----------
    onset_s
        (n,) film time of the events.
    joint
        Layers (n, p_l) of the true pairing.
    shuffled
        For each pairing its layers, as ``joint``.
    sources
        For each pairing (n,) the event whose text each event was given; a permutation.
    rng
        Mixes features where there are more than :data:`WIDEST`; films of one network need the same
        state.

    Raises
    ------
    ValueError
        If a pairing uses a text twice.
    """
    for source in sources:
        if not np.array_equal(np.sort(source), np.arange(len(onset_s))):
            raise ValueError("a misaligned pairing must use every text once")
    mixers = _mixers([layer.shape[1] for layer in joint], rng)

    def mixed(layers: Sequence[np.ndarray]) -> np.ndarray:
        return np.hstack([x if m is None else x @ m for x, m in zip(layers, mixers, strict=True)])

    true, misaligned = mixed(joint), [mixed(layers) for layers in shuffled]
    sweeps = SWEEPS if len(sources) >= FEWEST_TO_SWEEP else 0
    return Film(onset_s, true, misaligned, sources, parts(true, misaligned, sources, sweeps))


def from_towers(
    onset_s: np.ndarray, image: np.ndarray, text: np.ndarray, shifts: list[int]
) -> Film:
    """Return a film's joint features of a network of two towers, see
    :func:`fusion.controls.bands.towers`.

    Every pairing follows from one pass of each tower, so the means over misaligned partners are
    taken over all of them.

    Parameters
    ----------
    onset_s
        (n,) film time of the events.
    image, text
        (n, d) embeddings.
    shifts
        Circular shifts (events) of the misaligned pairings that are kept.
    """
    n = len(onset_s)
    sources = [(np.arange(n) + shift) % n for shift in shifts]
    made = towers(image, text)
    joint = np.hstack(list(made.values()))
    shuffled = [np.hstack(list(towers(image, text[source]).values())) for source in sources]
    f, g = made["image"], made["text"]
    f_mean, g_mean = (np.broadcast_to(x.mean(0), x.shape) for x in (f, g))
    over_language, over_vision = (
        np.hstack([f, g_mean, f * g_mean]),
        np.hstack([f_mean, g, f_mean * g]),
    )
    return Film(
        onset_s,
        joint,
        shuffled,
        sources,
        Parts(joint - over_language - over_vision, over_language, over_vision),
    )


def read_towers(
    paths: Mapping[str, FilePath],
    towers_: Sequence[str],
    events: Mapping[str, pd.DataFrame],
    *,
    n_pairings: int,
    min_shift_s: float,
    rng: np.random.Generator,
) -> dict[str, Film]:
    """Return the films of a network of two towers from its activations.

    Parameters
    ----------
    paths
        Film -> activations under the true pairing.
    towers_
        Layers of the image and of the text embedding.
    events
        Film -> table of events.
    n_pairings, min_shift_s
        Misaligned pairings and their smallest shift in film time.
    rng
        Draws the shifts.
    """
    films = {}
    for film, path in paths.items():
        layers = _layers(path, events[film])
        if missing := [layer for layer in towers_ if layer not in layers]:
            raise InputError(
                path,
                f"layer {missing[0]}",
                ", ".join(layers),
                "the towers named in controls.joint_networks",
            )
        onset_s = events[film]["onset_s"].to_numpy(float)
        shifts = draw_shifts(onset_s, n_pairings, min_shift_s, rng)
        films[film] = from_towers(
            onset_s, layers[towers_[0]], layers[towers_[1]], [int(shift) for shift in shifts]
        )
    return films


def read_pairings(
    paths: Mapping[tuple[str, str], FilePath],
    films: Sequence[str],
    pairings: Sequence[str],
    events: Mapping[str, pd.DataFrame],
    rng: np.random.Generator,
) -> dict[str, Film]:
    """Return the films of a joint network from its activations under the true and the shuffled
    pairings.

    Parameters
    ----------
    paths
        (pairing, film) -> activations.
    films, pairings
        Films, and names of the shuffled pairings.
    events
        Film -> table of events with ``event_shuffled0`` ..
    rng
        Mixes features where there are very many, the same for all films.
    """
    found = {}
    state = rng.bit_generator.state
    for film in films:
        rng.bit_generator.state = state
        table = events[film]
        place = pd.Index(table["event"])
        sources = [place.get_indexer(table[f"event_{pairing}"]) for pairing in pairings]
        true, *shuffled = (
            list(_layers(paths[pairing, film], table).values()) for pairing in [TRUE, *pairings]
        )
        found[film] = from_pairings(table["onset_s"].to_numpy(float), true, shuffled, sources, rng)
    return found


def read_films(
    network: JointNetworkSpec,
    files: Mapping[tuple[FitId, str], FilePath],
    events: Mapping[str, pd.DataFrame],
    spec: InteractionSpec,
    rng: np.random.Generator,
) -> dict[str, Film]:
    """Return the films of a joint network, from its towers or from its pairings.

    Parameters
    ----------
    network
        The network.
    files
        (fit, film) -> activations.
    events
        Film -> table of events.
    spec
        Films, pairings and shifts.
    rng
        Draws shifts, or mixes features.
    """
    if network.towers:
        paths = {film: files[FitId(network.model), film] for film in spec.films}
        return read_towers(
            paths,
            network.towers,
            events,
            n_pairings=spec.tower_pairings,
            min_shift_s=spec.min_shift_s,
            rng=rng,
        )
    pairs = {
        (pairing, film): files[FitId(network.model, TRAINED, pairing), film]
        for pairing in (TRUE, *spec.pairings)
        for film in spec.films
    }
    return read_pairings(pairs, spec.films, spec.pairings, events, rng)


def _layers(path: FilePath, events: pd.DataFrame) -> dict[str, np.ndarray]:
    with open_labelled(path) as file:
        at = pd.Index(file["event"].values.astype(str)).get_indexer(events["event"])
        if (at < 0).any():
            raise InputError(
                path,
                "event",
                f"no event {events['event'].to_numpy()[at < 0][0]}",
                "all events of the film",
            )
        return {
            str(v.attrs["layer"]): v.values[at].astype("float64")
            for v in file.data_vars.values()
            if "layer" in v.attrs
        }


def streams(
    films: Mapping[str, Film], n_dims: int, n_shifts: int, min_shift_s: float
) -> dict[str, dict[str, np.ndarray]]:
    """Return everything that the tests compare: name -> film -> (event, d).

    Names are ``joint``, ``language_shuffled0`` .. and ``vision_shuffled0`` .. (in one common
    basis), ``interaction``, ``over_language``, ``over_vision``, and ``shifted0`` .. (the
    interaction part at another time of its film)."""
    starts = np.cumsum([0, *(len(film.onset_s) for film in films.values())])
    n_pairings = len(next(iter(films.values())).sources)

    def by_film(stacked: np.ndarray) -> dict[str, np.ndarray]:
        return {name: stacked[a:b] for name, a, b in zip(films, starts, starts[1:], strict=False)}

    everything = np.concatenate(
        [
            np.concatenate([film.joint for film in films.values()]),
            *(
                np.concatenate([film.shuffled[k] for film in films.values()])
                for k in range(n_pairings)
            ),
        ]
    )
    reduced = principal([everything], n_dims).reshape(n_pairings + 1, starts[-1], -1)
    made = {"joint": by_film(reduced[0])}
    for k in range(n_pairings):
        made[f"language_shuffled{k}"] = by_film(reduced[k + 1])
        made[f"vision_shuffled{k}"] = {
            name: x[np.argsort(films[name].sources[k])]
            for name, x in made[f"language_shuffled{k}"].items()
        }
    # In units of the joint features: what hardly interacts stays small.
    scale = np.concatenate([film.joint for film in films.values()]).std(0)
    for part in ("interaction", "over_language", "over_vision"):
        made[part] = by_film(
            principal(
                [np.concatenate([getattr(film.parts, part) for film in films.values()])],
                n_dims,
                [scale],
            )
        )
    for name, film in films.items():
        for k, shift in enumerate(shift_sizes(film.onset_s, min_shift_s, n_shifts)):
            made.setdefault(f"shifted{k}", {})[name] = np.roll(
                made["interaction"][name], shift, axis=0
            )
    return made


def additive(films: Mapping[str, Film], share: float = 1e-6) -> bool:
    """Return whether a network adds its streams and nothing more: its interaction part is below
    ``share`` of its variance.
    """
    inter = sum(
        (film.parts.interaction - film.parts.interaction.mean(0)).var() for film in films.values()
    )
    total = sum((film.joint - film.joint.mean(0)).var() for film in films.values())
    return bool(inter <= share * total)


def _mixers(widths: list[int], rng: np.random.Generator) -> list[np.ndarray | None]:
    if sum(widths) <= WIDEST:
        return [None] * len(widths)
    size = WIDEST // len(widths)
    return [
        None if width <= size else rng.choice([-1.0, 1.0], (width, size)) / np.sqrt(size)
        for width in widths
    ]
