"""The demo's controlled family: tiny SLIP-Combo, SLIP-CLIP and SLIP-SimCLR, trained from scratch on
captioned scenes.

The three share one vision transformer, one initialisation, one stream of images and one number of
steps; they differ in whether captions and augmented views take part (Mu et al. 2022, arXiv
2112.12750). Parameters are named as in SLIP's own checkpoints."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import timm
import torch
from open_clip.transformer import QuickGELU, Transformer
from torch import nn
from torch.nn import functional

from fusion.demo import augment, scenes
from fusion.seeds import rng_for, seed_for

OBJECTIVES = {"slip": ("captions", "views"), "slip_clip": ("captions",), "slip_simclr": ("views",)}
SIZE = {
    "image_px": 32,
    "patch_px": 4,
    "width": 64,
    "blocks": 3,
    "heads": 2,
    "text_width": 64,
    "text_layers": 2,
    "embed": 32,
    "head": 128,
}
CONTEXT = 24  # tokens of a caption
SLIP_NAMES = {"slip": "SLIP_VITTINY", "slip_clip": "CLIP_VITTINY", "slip_simclr": "SIMCLR_VITTINY"}


class Slip(nn.Module):
    """A vision transformer with what its objectives need: a text tower and projections, a head for
    augmented views.

    Parameters
    ----------
    objectives
        ``captions``, ``views`` or both.
    size
        Sizes: ``image_px, patch_px, width, blocks, heads, text_width, text_layers, embed, head``;
        the text tower has one attention head per 64 channels, as SLIP's has.
    vocabulary, context
        Size of the vocabulary and number of tokens of a caption.
    """

    def __init__(
        self, objectives: Sequence[str], size: Mapping[str, int], vocabulary: int, context: int
    ):
        super().__init__()
        width, text_width, embed = size["width"], size["text_width"], size["embed"]
        self.visual = timm.models.VisionTransformer(
            img_size=size["image_px"],
            patch_size=size["patch_px"],
            embed_dim=width,
            depth=size["blocks"],
            num_heads=size["heads"],
            num_classes=0,
        )
        if "captions" in objectives:
            self.transformer = Transformer(
                text_width, size["text_layers"], text_width // 64, act_layer=QuickGELU
            )
            self.token_embedding = nn.Embedding(vocabulary, text_width)
            self.positional_embedding = nn.Parameter(0.01 * torch.randn(context, text_width))
            self.ln_final = nn.LayerNorm(text_width)
            self.image_projection = nn.Parameter(width**-0.5 * torch.randn(width, embed))
            self.text_projection = nn.Parameter(text_width**-0.5 * torch.randn(text_width, embed))
            self.logit_scale = nn.Parameter(torch.tensor(np.log(1 / 0.07), dtype=torch.float32))
            nn.init.normal_(self.token_embedding.weight, std=0.02)
            self.register_buffer(
                "mask", torch.full((context, context), -torch.inf).triu(1), persistent=False
            )
        if "views" in objectives:
            head = size["head"]
            self.image_mlp = nn.Sequential()
            for k, (a, b) in enumerate(((width, head), (head, head), (head, embed)), start=1):
                self.image_mlp.add_module(f"layer{k}", nn.Linear(a, b))
                if k < 3:
                    self.image_mlp.add_module(f"bn{k}", nn.BatchNorm1d(b))
                    self.image_mlp.add_module(f"relu{k}", nn.ReLU())

    def encode_text(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the embedding (caption, embed) of token ids (caption, context); the end token has
        the largest id.
        """
        x = self.token_embedding(tokens) + self.positional_embedding
        x = self.ln_final(self.transformer(x, attn_mask=self.mask))
        text: torch.Tensor = x[torch.arange(len(x)), tokens.argmax(-1)] @ self.text_projection
        return text


def caption_loss(model: Slip, images: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Return CLIP's symmetric contrastive loss of images and their captions (Radford et al.
    2021).
    """
    image = functional.normalize(model.visual(images) @ model.image_projection, dim=-1)
    text = functional.normalize(model.encode_text(tokens), dim=-1)
    logits = model.logit_scale.exp().clamp(max=100) * image @ text.T
    target = torch.arange(len(logits))
    return (
        functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)
    ) / 2


def view_loss(
    model: Slip, first: torch.Tensor, second: torch.Tensor, temperature: float = 0.1
) -> torch.Tensor:
    """Return SimCLR's contrastive loss of two augmented views of the same images (Chen et al.
    2020).
    """
    n = len(first)
    z = functional.normalize(model.image_mlp(model.visual(torch.cat([first, second]))), dim=-1)
    logits = (z @ z.T / temperature).masked_fill(torch.eye(2 * n, dtype=torch.bool), -torch.inf)
    return functional.cross_entropy(logits, torch.arange(2 * n).roll(n))


def train(
    name: str,
    size: Mapping[str, int],
    tokenize: Callable[[list[str]], torch.Tensor],
    vocabulary: int,
    context: int,
    steps: int,
    batch: int,
    rate: float,
    seed: int,
    progress: Callable[[int], Iterable[int]] = range,
) -> tuple[Slip, list[float]]:
    """Train one model of the family and return it with its loss at every step.

    Parameters
    ----------
    name
        ``slip``, ``slip_clip`` or ``slip_simclr``.
    tokenize
        Captions -> (caption, context) token ids.
    steps, batch, rate
        Number of steps, images a step, peak learning rate (warm-up over a tenth of the steps, then
        a half cosine).
    progress
        Called with ``steps``; returns what is iterated over.
    """
    objectives = OBJECTIVES[name]
    torch.manual_seed(seed_for(seed, "train_demo_models", "vision"))
    model = Slip(objectives, size, vocabulary, context)
    decay: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for parameter in model.parameters():
        (decay if parameter.ndim > 1 else plain).append(parameter)
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}],
        betas=(0.9, 0.98),
    )
    losses = []
    for step in progress(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * learning_rate(step, steps)
        content = scenes.draw_scenes(batch, rng_for(seed, "train_demo_models", "scenes", step))
        images = (
            torch.from_numpy(scenes.render(content, size["image_px"])).permute(0, 3, 1, 2).float()
            / 255
        )
        generator = torch.Generator().manual_seed(
            seed_for(seed, "train_demo_models", "augment", step)
        )
        loss = torch.zeros(())
        if "captions" in objectives:
            rng = rng_for(seed, "train_demo_models", "captions", step)
            tokens = tokenize([scenes.caption(row, rng) for row in content.to_dict("records")])
            loss = loss + caption_loss(
                model, augment.normalise(augment.light(images, generator)), tokens
            )
        if "views" in objectives:
            generator.manual_seed(seed_for(seed, "train_demo_models", "views", step))
            views = [augment.normalise(augment.strong(images, generator)) for _ in range(2)]
            loss = loss + view_loss(model, views[0], views[1])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    return model.eval(), losses


def learning_rate(step: int, steps: int) -> float:
    """Return the share of the peak learning rate at a step: linear warm-up over a tenth, then a
    half cosine to 0.
    """
    warm = max(1, steps // 10)
    return min(
        (step + 1) / warm,
        0.5 * (1 + float(np.cos(np.pi * max(0, step - warm) / max(1, steps - warm)))),
    )


def checkpoint(name: str, model: Slip, size: Mapping[str, int], steps: int) -> dict[str, Any]:
    """Return what SLIP's training script saves: weights as in a distributed model, number of
    epochs, arguments.
    """
    settings = {
        "epochs": 1,
        "dataset": "scenes",
        "steps": steps,
        "ssl_mlp_dim": size["head"],
        "ssl_emb_dim": size["embed"],
    }
    arguments = argparse.Namespace(model=SLIP_NAMES[name], **settings)
    return {
        "epoch": 1,
        "state_dict": {
            f"module.{key}": value.detach().clone() for key, value in model.state_dict().items()
        },
        "args": arguments,
    }
