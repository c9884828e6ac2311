"""One vector per item from a layer's output."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

POOLINGS = ("cls", "mean", "last", "flatten")
Channels = Literal["first", "last"]


def pool(
    output: Tensor,
    pooling: str,
    tokens: Tensor | None = None,
    prefix: int = 0,
    channels: Channels = "first",
) -> Tensor:
    """Return (n_items, n_features) float32 from a layer's output.

    Parameters
    ----------
    output
        (n_items, n_tokens, width), (n_items, width) or, from convolutions, (n_items, channel, y, x)
        or (n_items, y, x, channel).
    pooling
        ``cls``: the first token; ``mean``: over the tokens that count, without prefix tokens (over
        space for convolutions); ``last``: the last token that counts; ``flatten``: everything,
        tokens that do not count set to zero.
    tokens
        (n_items, n_tokens) bool: tokens that count. None: all of them.
    prefix
        Leading tokens (class, registers) that do not enter a mean.
    channels
        Which axis of a four-dimensional output holds the channels.

    Raises
    ------
    ValueError
        If the output's shape has no tokens to pool, or ``tokens`` does not fit it.
    """
    output = output.float()
    if output.ndim == 2:
        if pooling != "flatten":
            raise ValueError(
                f"pooling {pooling!r} of an output (batch, width); only 'flatten' fits"
            )
        return output
    if output.ndim == 4:
        if channels == "last":
            output = output.permute(0, 3, 1, 2)
        if pooling == "flatten":
            return output.flatten(1)
        if pooling != "mean":
            raise ValueError(
                f"pooling {pooling!r} of an output (batch, channel, y, x); 'mean' or 'flatten' fit"
            )
        return output.mean((2, 3))
    if output.ndim != 3:
        raise ValueError(
            f"an output of shape {tuple(output.shape)}; (batch, token, width), (batch, width) or"
            " (batch, channel, y, x) fit"
        )
    if tokens is not None and tokens.shape != output.shape[:2]:
        raise ValueError(f"tokens {tuple(tokens.shape)} for an output {tuple(output.shape)}")
    if pooling == "cls":
        return output[:, 0]
    if pooling == "mean":
        if prefix >= output.shape[1]:
            raise ValueError("pooling 'mean' of an output that holds nothing but prefix tokens")
        if tokens is None:
            return output[:, prefix:].mean(1)
        weights = tokens[:, prefix:].to(output.dtype)
        total = weights.sum(1, keepdim=True)
        return torch.einsum("btw,bt->bw", output[:, prefix:], weights) / total
    if pooling == "last":
        if tokens is None:
            return output[:, -1]
        places = torch.arange(tokens.shape[1], device=tokens.device)
        return output[torch.arange(len(output), device=output.device), (tokens * places).argmax(1)]
    if tokens is not None:
        output = output * tokens[:, :, None]
    return output.flatten(1)
