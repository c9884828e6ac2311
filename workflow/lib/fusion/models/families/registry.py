"""Which module loads which family of models. Only the one that a row names is imported: some take
seconds.
"""

from __future__ import annotations

import torch

from fusion.io.errors import InputError
from fusion.models.run.network import Network
from fusion.seeds import seed_for

FAMILIES = (
    "slip",
    "timm_vision",
    "open_clip",
    "transformers_text",
    "transformers_vision",
    "flava",
    "blip",
    "albef",
    "lxmert",
    "visualbert",
    "vlm_decoder",
)


def build(model: str, row: dict, weights: dict, init: str, seed: int) -> Network:
    """Return a model that is ready to run, trained or freshly initialised.

    Parameters
    ----------
    model
        Its name in the zoo.
    row
        Its row.
    weights
        What the rule ``weights`` wrote.
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
    network = loader(row["family"])(row, weights, init == "trained")
    network.module.eval().requires_grad_(False)
    return network


def loader(family: str):
    """Return the function (row, weights, trained) -> Network of a family."""
    if family == "slip":
        from fusion.models.families import slip as module
    elif family == "timm_vision":
        from fusion.models.families import timm_vision as module
    elif family == "open_clip":
        from fusion.models.families import open_clip_family as module
    elif family == "transformers_text":
        from fusion.models.families import transformers_text as module
    elif family == "transformers_vision":
        from fusion.models.families import transformers_vision as module
    elif family == "flava":
        from fusion.models.families import flava as module
    elif family == "blip":
        from fusion.models.families import blip as module
    elif family == "albef":
        from fusion.models.families import albef as module
    elif family == "lxmert":
        from fusion.models.families import lxmert as module
    elif family == "visualbert":
        from fusion.models.families import visualbert as module
    elif family == "vlm_decoder":
        from fusion.models.families import vlm_decoder as module
    else:
        raise InputError(
            "config/models.yaml", "family", repr(family), f"one of {', '.join(FAMILIES)}"
        )
    return module.load
