"""The plain vision transformer (Dosovitskiy et al. 2021) with the module and weight names of
timm's.

timm's own is the same network; importing timm takes longer than running a small model over a film,
and every job would pay it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class VisionTransformer(nn.Module):
    """A ViT that ends with the normalised class token.

    Parameters
    ----------
    image, patch
        Sides of the (square) image and of a patch (px).
    width, depth, heads
        Width of a token, number of blocks, and of attention heads.
    hidden
        Width inside the blocks' perceptrons.
    """

    def __init__(self, image: int, patch: int, width: int, depth: int, heads: int, hidden: int):
        super().__init__()
        self.patch_embed = PatchEmbed(patch, width)
        self.cls_token = nn.Parameter(torch.empty(1, 1, width))
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + (image // patch) ** 2, width))
        self.blocks = nn.Sequential(*(Block(width, heads, hidden) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        # The initialiser that SLIP's networks had: truncated normal, biases zero, the patch
        # embedding as torch makes it.
        for parameter in (self.cls_token, self.pos_embed):
            nn.init.trunc_normal_(parameter, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (batch, width) from (batch, 3, y, x)."""
        x = self.patch_embed(pixels)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        normed: Tensor = self.norm(self.blocks(x))
        return normed[:, 0]


class PatchEmbed(nn.Module):
    """Patches to tokens."""

    def __init__(self, patch: int, width: int):
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (batch, patch, width)."""
        patches: Tensor = self.proj(pixels)
        return patches.flatten(2).transpose(1, 2)


class Block(nn.Module):
    """Attention and a perceptron, each behind a norm and beside a residual connection."""

    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Perceptron(width, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, token, width)."""
        attended: Tensor = x + self.attn(self.norm1(x))
        made: Tensor = attended + self.mlp(self.norm2(attended))
        return made


class Attention(nn.Module):
    """Self-attention with one matrix for queries, keys and values."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, token, width)."""
        batch, tokens, width = x.shape
        queries, keys, values = (
            self.qkv(x)
            .view(batch, tokens, 3, self.heads, width // self.heads)
            .permute(2, 0, 3, 1, 4)
        )
        mixed = functional.scaled_dot_product_attention(queries, keys, values)
        made: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return made


class Perceptron(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, token, width)."""
        made: Tensor = self.fc2(self.act(self.fc1(x)))
        return made
