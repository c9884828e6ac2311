"""The demo's language model: a tiny BERT trained on made-up sentences, by masked words and SimCSE's
contrastive loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from torch.nn import functional
from transformers import BertConfig, BertForMaskedLM, BertTokenizer

from fusion.demo import scenes, speech
from fusion.seeds import rng_for, seed_for

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
SIZE = {"width": 64, "layers": 2}
IGNORED = -100  # what cross_entropy leaves out


def tokenizer() -> BertTokenizer:
    """Return a tokenizer with one token per word that can be said in the film."""
    words = [*SPECIAL, *speech.vocabulary()]
    return BertTokenizer(vocab={word: k for k, word in enumerate(words)}, model_max_length=64)


def draw_sentences(n: int, rng: np.random.Generator) -> list[str]:
    """Make up ``n`` sentences as the film's transcript has them, a third of them broken off after a
    few words.
    """
    content = scenes.draw_scenes(n, rng).to_dict("records")
    sentences = []
    for scene in content:
        words = (
            speech.screen_sentence(scene, rng)
            if rng.random() < speech.SHARE_ON_SCREEN
            else speech.story_sentence(rng)
        ).split()
        stop = int(rng.integers(1, len(words) + 1)) if rng.random() < 1 / 3 else len(words)
        sentences.append(" ".join(words[:stop]))
    return sentences


def mean_pool(hidden: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
    """Return the mean over the tokens that are no padding, (sentence, channel)."""
    weight = attention[..., None].to(hidden.dtype)
    return (hidden * weight).sum(1) / weight.sum(1)


def train(
    size: Mapping[str, int],
    steps: int,
    batch: int,
    rate: float,
    seed: int,
    progress: Callable[[int], Iterable[int]] = range,
) -> tuple[BertForMaskedLM, BertTokenizer, list[float]]:
    """Train the model and return it with its tokenizer and its loss at every step.

    Parameters
    ----------
    size
        ``width, layers``; one attention head per 32 channels.
    steps, batch, rate
        Number of steps, sentences a step, learning rate.
    """
    words = tokenizer()
    torch.manual_seed(seed_for(seed, "train_demo_models", "text"))
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=size["width"],
        num_hidden_layers=size["layers"],
        num_attention_heads=size["width"] // 32,
        intermediate_size=2 * size["width"],
        max_position_embeddings=64,
    )
    model = BertForMaskedLM(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    losses = []
    for step in progress(steps):
        encoded = words(
            draw_sentences(batch, rng_for(seed, "train_demo_models", "sentences", step)),
            padding=True,
            return_tensors="pt",
        )
        ids, attention = encoded["input_ids"], encoded["attention_mask"]
        masked = (torch.rand(ids.shape) < 0.15) & (ids >= len(SPECIAL))
        logits = model(
            torch.where(masked, words.mask_token_id, ids), attention_mask=attention
        ).logits
        loss = functional.cross_entropy(
            logits.flatten(0, 1), torch.where(masked, ids, IGNORED).flatten()
        )
        # the same sentence twice, told apart by dropout only (Gao et al. 2021)
        first, second = (
            mean_pool(model.bert(ids, attention_mask=attention).last_hidden_state, attention)
            for _ in range(2)
        )
        similarity = functional.normalize(first, dim=-1) @ functional.normalize(second, dim=-1).T
        loss = loss + functional.cross_entropy(similarity / 0.05, torch.arange(len(ids)))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    return model.eval(), words, losses
