"""Which module loads which family of models. Only the one that a row names is imported: some take
seconds.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from fusion.io.errors import InputError
from fusion.models.run.network import Network
from fusion.models.spec import Row, Weights
from fusion.seeds import seed_for

Loader = Callable[[Row, Weights, bool], Network]


def build(model: str, row: Row, weights: Weights, init: str, seed: int) -> Network:
    """Return a model that is ready to run, trained or freshly initialised.

    Parameters
    ----------
    model
        Its name in the zoo.
    row
        Its row.
    weights
        Where its files lie.
    init
        ``trained``, or ``random0``, ``random1`` ..: the architecture's own initialiser, seeded by
        model and number.
    seed
        The config's seed.

    Raises
    ------
    InputError
        If the checkpoint does not fit the row.
    """
    torch.manual_seed(seed_for(seed, "init", model, init))
    network = loader(row.family)(row, weights, init == "trained")
    network.module.eval().requires_grad_(False)
    return network


def _slip() -> Loader:
    from fusion.models.families import slip

    return slip.load


def _timm_vision() -> Loader:
    from fusion.models.families import timm_vision

    return timm_vision.load


def _open_clip() -> Loader:
    from fusion.models.families import open_clip_family

    return open_clip_family.load


def _transformers_text() -> Loader:
    from fusion.models.families import transformers_text

    return transformers_text.load


def _transformers_vision() -> Loader:
    from fusion.models.families import transformers_vision

    return transformers_vision.load


def _transformers_audio() -> Loader:
    from fusion.models.families import transformers_audio

    return transformers_audio.load


def _transformers_video() -> Loader:
    from fusion.models.families import transformers_video

    return transformers_video.load


def _flava() -> Loader:
    from fusion.models.families import flava

    return flava.load


def _blip() -> Loader:
    from fusion.models.families import blip

    return blip.load


def _albef() -> Loader:
    from fusion.models.families import albef

    return albef.load


def _lxmert() -> Loader:
    from fusion.models.families import lxmert

    return lxmert.load


def _visualbert() -> Loader:
    from fusion.models.families import visualbert

    return visualbert.load


def _vlm_decoder() -> Loader:
    from fusion.models.families import vlm_decoder

    return vlm_decoder.load


LOADERS: dict[str, Callable[[], Loader]] = {
    "slip": _slip,
    "timm_vision": _timm_vision,
    "open_clip": _open_clip,
    "transformers_text": _transformers_text,
    "transformers_vision": _transformers_vision,
    "transformers_audio": _transformers_audio,
    "transformers_video": _transformers_video,
    "flava": _flava,
    "blip": _blip,
    "albef": _albef,
    "lxmert": _lxmert,
    "visualbert": _visualbert,
    "vlm_decoder": _vlm_decoder,
}
FAMILIES = tuple(LOADERS)


def loader(family: str) -> Loader:
    """Return the function (row, weights, trained) -> Network of a family."""
    if family not in LOADERS:
        raise InputError(
            "config/models.yaml", "family", repr(family), f"one of {', '.join(FAMILIES)}"
        )
    return LOADERS[family]()
