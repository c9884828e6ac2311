"""What ALBEF and BLIP checkpoints in the layout of LAVIS have in common: key names, position grids,
caption cleaning.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from timm.layers.pos_embed import resample_abs_pos_embed
from torch import Tensor, nn

from fusion.io.errors import InputError
from fusion.models.families import transformers_text
from fusion.models.families.slip import count
from fusion.models.run.checkpoints import File
from fusion.models.run.texts import Texts
from fusion.models.spec import Row, Weights

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
#: Words of a caption that LAVIS keeps.
MAX_WORDS = 50


def caption(text: str) -> str:
    """Return a text as LAVIS hands it to ALBEF and BLIP: lower case, without ``. ! " ( ) * # : ;
    ~``. LAVIS keeps the first :data:`MAX_WORDS` words, which is left to the tokens' cut.
    """
    return " ".join(re.sub(r'[.!"()*#:;~]', " ", text.lower()).split())


def text_input(row: Row, weights: Weights, encoder: nn.Module) -> Texts:
    """Return how captions become tokens."""
    texts = transformers_text.text_input(row, weights, encoder)
    texts.clean, texts.max_words = caption, MAX_WORDS
    return texts


def vision_sizes(
    state: Mapping[str, Tensor],
    architecture: Mapping[str, Any],
    path: File,
    prefix: str = "visual_encoder.",
) -> dict[str, Any]:
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


def text_sizes(
    state: Mapping[str, Tensor], prefix: str, architecture: Mapping[str, Any], path: File
) -> dict[str, Any]:
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


def crossed(encoder: str) -> tuple[str, ...]:
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
    made: Tensor = resample_abs_pos_embed(
        positions, [grid, grid], num_prefix_tokens=1, interpolation="bicubic", antialias=False
    )
    return made
