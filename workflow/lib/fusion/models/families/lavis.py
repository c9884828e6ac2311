"""What ALBEF and BLIP checkpoints in the layout of LAVIS have in common: key names, position grids,
caption cleaning.
"""

from __future__ import annotations

import math
import re

from timm.layers import resample_abs_pos_embed
from torch import Tensor

from fusion.io.errors import InputError
from fusion.models.families.slip import count

# Training state that no extraction uses: momentum copies, queues, temperature, heads of the
# pretraining tasks.
TRAINING = (
    "*_m.*",
    "*_queue",
    "*queue_ptr",
    "temp",
    "*position_ids",
    "itm_head.*",
    "vision_proj.*",
    "text_proj.*",
    "text_encoder.cls.*",
)


def caption(text: str, max_words: int = 50) -> str:
    """Return a text as LAVIS hands it to ALBEF and BLIP: lower case, without ``. ! " ( ) * # : ;
    ~``, at most ``max_words`` words.
    """
    return " ".join(re.sub(r'[.!"()*#:;~]', " ", text.lower()).split()[:max_words])


def vision_sizes(
    state: dict[str, Tensor], architecture: dict, path, prefix: str = "visual_encoder."
) -> dict:
    """Return width, patch, image side, depth, MLP ratio and heads of a ViT from its weights.

    Raises
    ------
    InputError
        If there is no such ViT in ``state``.
    """
    try:
        width, _, patch, _ = state[f"{prefix}patch_embed.proj.weight"].shape
        grid = math.isqrt(state[f"{prefix}pos_embed"].shape[1] - 1)
        hidden = state[f"{prefix}blocks.0.mlp.fc1.weight"].shape[0]
    except KeyError as error:
        raise InputError(
            path,
            "",
            f"no {error.args[0]} among {len(state)} keys ({', '.join(list(state)[:3])}, ..)",
            "a LAVIS checkpoint",
        ) from None
    return {
        "width": width,
        "patch": patch,
        "image": grid * patch,
        "depth": count(state, f"{prefix}blocks"),
        "hidden": hidden,
        "heads": architecture.get("heads") or max(1, width // 64),
    }


def text_sizes(state: dict[str, Tensor], prefix: str, architecture: dict, path) -> dict:
    """Return the arguments of a BlipTextConfig that the weights below ``prefix`` have;
    ``first_fusion`` is where cross-attention begins.
    """
    try:
        vocabulary, width = state[f"{prefix}embeddings.word_embeddings.weight"].shape
        positions = len(state[f"{prefix}embeddings.position_embeddings.weight"])
        hidden = state[f"{prefix}encoder.layer.0.intermediate.dense.weight"].shape[0]
    except KeyError as error:
        raise InputError(
            path,
            "",
            f"no {error.args[0]} among {len(state)} keys ({', '.join(list(state)[:3])}, ..)",
            "a LAVIS checkpoint",
        ) from None
    crossed = [
        int(key[len(prefix) :].split(".")[2])
        for key in state
        if key.startswith(f"{prefix}encoder.layer.") and ".crossattention." in key
    ]
    return {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "max_position_embeddings": positions,
        "intermediate_size": hidden,
        "num_hidden_layers": count(state, f"{prefix}encoder.layer"),
        "num_attention_heads": architecture.get("text_heads") or max(1, width // 64),
        "first_fusion": min(crossed, default=None),
    }


def crossed(encoder: str) -> tuple[str, str]:
    """Return the modules of a text encoder that turn the image's states into keys and values."""
    return tuple(
        f"{encoder}.encoder.layer.*.crossattention.self.{name}" for name in ("key", "value")
    )


def resized(positions: Tensor, size: int, patch: int) -> Tensor:
    """Return the position embedding (1, 1 + grid^2, width) for images of ``size`` px, resized as in
    LAVIS: bicubic, no antialiasing.
    """
    grid = size // patch
    if positions.shape[1] == 1 + grid * grid:
        return positions
    return resample_abs_pos_embed(
        positions, [grid, grid], num_prefix_tokens=1, interpolation="bicubic", antialias=False
    )
