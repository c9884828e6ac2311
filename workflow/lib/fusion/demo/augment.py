"""Augmentations of image batches (n, 3, y, x) in 0..1, as SLIP uses them, with the numbers of the
demo.
"""

from __future__ import annotations

import torch
from torch.nn import functional

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def normalise(images: torch.Tensor) -> torch.Tensor:
    """Subtract ImageNet's mean colour and divide by its SD."""
    return (images - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def light(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Crop 70-100% of the image: what images that come with captions undergo."""
    return crop(images, 0.7, generator)


def strong(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Crop, flip, jitter and drop colours: what the two views of SimCLR undergo."""
    n = len(images)
    images = crop(images, 0.4, generator)
    flip = torch.rand(n, generator=generator) < 0.5
    images = torch.where(flip.view(-1, 1, 1, 1), images.flip(-1), images)
    images = jitter(images, generator)
    grey = torch.rand(n, generator=generator) < 0.3
    return torch.where(grey.view(-1, 1, 1, 1), luminance(images).expand_as(images), images)


def crop(images: torch.Tensor, smallest: float, generator: torch.Generator) -> torch.Tensor:
    """Cut out a random square with ``smallest`` to 1 of the area and resize it back."""
    n = len(images)
    side = (smallest + (1 - smallest) * torch.rand(n, generator=generator)).sqrt()
    centre = (2 * torch.rand(n, 2, generator=generator) - 1) * (1 - side)[:, None]
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = side
    theta[:, :, 2] = centre
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    return functional.grid_sample(
        images, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )


def jitter(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Change brightness, contrast and saturation by up to 40%, and turn the hue by any angle."""
    n = len(images)
    brightness, contrast, saturation = (0.6 + 0.8 * torch.rand(3, n, generator=generator)).view(
        3, n, 1, 1, 1
    )
    images = images * brightness
    mean = luminance(images).mean((-2, -1), keepdim=True)
    images = (images - mean) * contrast + mean
    grey = luminance(images)
    images = (images - grey) * saturation + grey
    angle = 2 * torch.pi * torch.rand(n, generator=generator)
    return torch.einsum("nij,njyx->niyx", hue_rotation(angle), images).clamp(0, 1)


def luminance(images: torch.Tensor) -> torch.Tensor:
    """Return (n, 1, y, x) luminance (ITU-R BT.601)."""
    return (images * torch.tensor((0.299, 0.587, 0.114)).view(3, 1, 1)).sum(1, keepdim=True)


def hue_rotation(angle: torch.Tensor) -> torch.Tensor:
    """Return (n, 3, 3) rotations of RGB colours around the grey axis by ``angle`` (radians)."""
    cos, sin = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    axis = torch.full((3, 3), 1 / 3)
    cross = torch.tensor(((0.0, -1, 1), (1, 0, -1), (-1, 1, 0))) / 3**0.5
    return cos * torch.eye(3) + sin * cross + (1 - cos) * axis
