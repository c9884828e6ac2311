"""The model card: what a file of activations was made from, in words and numbers."""

from __future__ import annotations

from importlib.metadata import version

from fusion.models.run.network import Network

LIBRARIES = {
    "slip": ("open-clip-torch",),
    "timm_vision": ("timm",),
    "open_clip": ("open-clip-torch", "timm", "transformers"),
    "albef": ("timm", "transformers", "tokenizers"),
    "lxmert": ("transformers", "tokenizers", "torchvision"),
    "visualbert": ("transformers", "tokenizers", "torchvision"),
}


def card(
    model: str,
    row: dict,
    weights: dict,
    init: str,
    pairing: str,
    network: Network,
    layers: list[dict],
) -> dict:
    """Return the card of one model, init and pairing.

    Parameters
    ----------
    layers
        One mapping per layer, in order: path, pooling, width, size after projection, hash of the
        projection.
    """
    return {
        "model": model,
        "init": init,
        "pairing": pairing,
        "family": row["family"],
        "modality": row["modality"],
        "feed": row["feed"],
        "parameters": sum(p.numel() for p in network.module.parameters()),
        "source": weights["source"],
        "sha256": weights["sha256"],
        "trained_on": row["trained_on"],
        "licence": row["licence"],
        "layers": layers,
        "notes": {
            key: len(value) if isinstance(value, set) else value
            for key, value in network.notes.items()
        },
        "libraries": {
            name: version(name)
            for name in (
                "torch",
                *LIBRARIES.get(row["family"], ("transformers", "tokenizers")),
                "numpy",
                "pillow",
                "scikit-learn",
            )
        },
    }
