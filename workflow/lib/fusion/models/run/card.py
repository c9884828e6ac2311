"""The model card: what a file of activations was made from, in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fusion.models.run.network import Network
from fusion.models.spec import ActivationsSpec, Shown, Weights

LIBRARIES = {
    "slip": ("open-clip-torch",),
    "timm_vision": ("timm",),
    "open_clip": ("open-clip-torch", "timm", "transformers"),
    "albef": ("timm", "transformers", "tokenizers"),
    "lxmert": ("transformers", "tokenizers", "torchvision"),
    "visualbert": ("transformers", "tokenizers", "torchvision"),
}
ALWAYS = ("numpy", "pillow", "scikit-learn")


def card(
    spec: ActivationsSpec,
    weights: Weights,
    shown: Shown,
    network: Network,
    layers: list[dict[str, Any]],
    texts: Sequence[str],
) -> dict[str, Any]:
    """Return the card of one file.

    Parameters
    ----------
    layers
        One mapping per layer, in order: path, pooling, shape, width, size after projection, hash of
        the projection.
    texts
        Of the file's events.
    """
    row, notes = spec.row, dict(network.notes)
    if network.texts is not None:
        counts = network.texts.counts(texts)
        notes |= {
            "events": counts.events,
            "cut_texts": counts.cut,
            "kept_of_cut_texts": {"left": "end", "right": "beginning"}[spec.truncate],
            "unknown_tokens": round(counts.share_unknown, 6),
            "text_length": network.texts.length,
        }
    libraries = ("torch", *LIBRARIES.get(row.family, ("transformers", "tokenizers")), *ALWAYS)
    return {
        "model": spec.model,
        "init": shown.init,
        "pairing": shown.pairing,
        "family": row.family,
        "modality": row.modality,
        "feed": row.feed,
        "parameters": sum(p.numel() for p in network.module.parameters()),
        "source": weights.source,
        "sha256": weights.sha256,
        "trained_on": row.trained_on,
        "licence": row.licence,
        "layers": layers,
        "notes": notes,
        "libraries": {name: version(name) for name in libraries},
    }
