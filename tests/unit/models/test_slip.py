"""SLIP's networks in their published sizes, and the images they are given."""

import numpy as np
import pytest
import torch

from fusion.models.families.slip import Slip, sizes_of
from fusion.models.families.vit import VisionTransformer
from fusion.models.run import images


def test_images_are_processed_as_torchvision_does():
    from PIL import Image
    from torchvision.transforms import (
        CenterCrop,
        Compose,
        InterpolationMode,
        Normalize,
        Resize,
        ToTensor,
    )

    frames = np.random.default_rng(0).integers(0, 256, (3, 61, 97, 3), dtype=np.uint8)
    own = images.preprocess(frames, 32, crop=0.9, interpolation="bicubic")
    steps = Compose(
        [
            Resize(int(32 / 0.9), InterpolationMode.BICUBIC),
            CenterCrop(32),
            ToTensor(),
            Normalize(**images.IMAGENET),
        ]
    )
    assert torch.allclose(
        own, torch.stack([steps(Image.fromarray(frame)) for frame in frames]), atol=1e-6
    )


@pytest.mark.parametrize(
    ("towers", "mlp", "expected"),
    [
        (("image", "text"), (768, 4096, 256), 170_616_321),
        (("image", "text"), None, 149_619_969),
        (("image",), (768, 4096, 256), 106_795_008),
    ],
)
def test_published_networks_have_as_many_parameters_as_the_originals(towers, mlp, expected):
    sizes = {
        "width": 768,
        "patch": 16,
        "image": 224,
        "depth": 12,
        "hidden": 3072,
        "heads": 12,
        "mlp": mlp,
        "vocabulary": 49408,
        "text_width": 512,
        "text_depth": 12,
        "context": 77,
        "text_heads": 8,
        "embed": 512 if "text" in towers else None,
    }
    with torch.device("meta"):
        model = Slip(sizes, towers)
    assert sum(p.numel() for p in model.parameters()) == expected


@pytest.mark.parametrize(
    ("width", "depth", "heads"), [(384, 12, 12), (768, 12, 12), (1024, 24, 16)]
)
def test_heads_of_the_published_vits(width, depth, heads):
    with torch.device("meta"):
        state = {
            f"visual.{k}": v
            for k, v in (
                VisionTransformer(224, 16, width, depth, heads, 4 * width).state_dict().items()
            )
        }
    sizes = sizes_of(state, {}, "slip.pt")
    assert (sizes["width"], sizes["depth"], sizes["heads"], sizes["image"], sizes["patch"]) == (
        width,
        depth,
        heads,
        224,
        16,
    )
