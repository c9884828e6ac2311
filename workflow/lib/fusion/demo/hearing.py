"""The demo's network of sound: a tiny wav2vec 2.0 that learns to tell voices apart.

Two clips of one voice, which says other words each time, are pulled together, clips of different
voices apart (contrastive learning, Saeed et al. 2021, arXiv 2010.10915).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

from fusion.demo import voice
from fusion.seeds import rng_for, seed_for

SIZE = {"width": 32, "layers": 2, "channels": 32}
CLIP_S = 1.0
EMBED = 16
TEMPERATURE = 0.1


def draw_clip(one: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a second (n_samples,) in which a voice says some words."""
    n = round(CLIP_S * voice.RATE_HZ)
    sound = voice.NOISE * rng.standard_normal(n, np.float32)
    start = int(rng.integers(-4000, 1600))
    while start < n:
        spoken = voice.tone(one, float(rng.uniform(0.2, 0.45)), rng)
        heard = spoken[max(0, -start) : n - start]
        sound[max(0, start) : max(0, start) + len(heard)] += heard
        start += len(spoken) + int(rng.integers(160, 1600))
    return sound


def standardised(sound: np.ndarray) -> torch.Tensor:
    """Return clips (n, n_samples) as the feature extractor makes them: mean 0, variance 1."""
    values = torch.from_numpy(sound)
    spread = torch.sqrt(values.var(1, keepdim=True, correction=0) + 1e-7)
    return (values - values.mean(1, keepdim=True)) / spread


def train(
    size: dict[str, int],
    steps: int,
    batch: int,
    rate: float,
    seed: int,
    progress: Callable[[int], Iterable[int]] = range,
) -> tuple[Wav2Vec2Model, Wav2Vec2FeatureExtractor, list[float]]:
    """Train the model and return it with its feature extractor and its loss at every step.

    Parameters
    ----------
    size
        ``width, layers, channels``; one attention head per 16 channels.
    steps, batch, rate
        Number of steps, voices a step, learning rate.
    """
    torch.manual_seed(seed_for(seed, "train_demo_models", "audio"))
    options: dict[str, Any] = {
        "apply_spec_augment": False,
        "hidden_dropout": 0.0,
        "attention_dropout": 0.0,
        "layerdrop": 0.0,
        "feat_proj_dropout": 0.0,
        "activation_dropout": 0.0,
    }
    config = Wav2Vec2Config(
        vocab_size=4,
        hidden_size=size["width"],
        num_hidden_layers=size["layers"],
        num_attention_heads=size["width"] // 16,
        intermediate_size=2 * size["width"],
        conv_dim=(size["channels"],) * 7,
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=4,
        **options,
    )
    model = Wav2Vec2Model(config).train()
    head = nn.Linear(size["width"], EMBED)
    optimizer = torch.optim.AdamW(
        [*model.parameters(), *head.parameters()], lr=rate, weight_decay=0.01
    )
    losses = []
    for step in progress(steps):
        rng = rng_for(seed, "train_demo_models", "voices", step)
        voices = rng.standard_normal((batch, 2))
        clips = np.stack([draw_clip(one, rng) for _ in range(2) for one in voices])
        hidden = model(standardised(clips)).last_hidden_state.mean(1)
        first, second = functional.normalize(head(hidden), dim=-1).chunk(2)
        similarity = first @ second.T / TEMPERATURE
        target = torch.arange(batch)
        loss = functional.cross_entropy(similarity, target)
        loss = loss + functional.cross_entropy(similarity.T, target)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    # Its class has no types.
    extractor: Any = Wav2Vec2FeatureExtractor
    return model.eval(), extractor(), losses
