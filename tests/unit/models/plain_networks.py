"""SLIP, ALBEF and BLIP written out from their papers in plain tensor arithmetic, with weights under
the publishers' names: what the loaders are held against where the originals' outputs are not at
hand.
"""

import math

import torch


def normed(state, name, x, eps):
    x = (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True, unbiased=False) + eps).sqrt()
    return x * state[f"{name}.weight"] + state[f"{name}.bias"]


def linear(state, name, x):
    return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def gelu(x):
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


def quick_gelu(x):
    return x / (1 + torch.exp(-1.702 * x))


def attended(queries, keys, values, heads, hidden=None):
    """Return (n, tokens, width): every head by itself; ``hidden`` (n or 1, queries, keys) bool."""
    parts = []
    for q, k, v in zip(*(x.chunk(heads, -1) for x in (queries, keys, values)), strict=True):
        scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
        if hidden is not None:
            scores = scores.masked_fill(hidden, -torch.inf)
        weights = torch.exp(scores - scores.amax(-1, keepdim=True))
        parts.append(weights / weights.sum(-1, keepdim=True) @ v)
    return torch.cat(parts, -1)


def vit(state, prefix, images, heads):
    """Return the outputs of every block of a ViT, and its normalised tokens."""
    kernel = state[f"{prefix}patch_embed.proj.weight"]
    side = kernel.shape[-1]
    n, _, height, width = images.shape
    patches = [
        images[:, :, y : y + side, x : x + side].reshape(n, -1)
        for y in range(0, height, side)
        for x in range(0, width, side)
    ]
    x = torch.stack(patches, 1) @ kernel.reshape(len(kernel), -1).T
    x = x + state[f"{prefix}patch_embed.proj.bias"]
    x = torch.cat([state[f"{prefix}cls_token"].expand(n, -1, -1), x], 1)
    x = x + state[f"{prefix}pos_embed"]
    blocks = []
    while f"{prefix}blocks.{len(blocks)}.norm1.weight" in state:
        name = f"{prefix}blocks.{len(blocks)}"
        qkv = linear(state, f"{name}.attn.qkv", normed(state, f"{name}.norm1", x, 1e-6))
        x = x + linear(state, f"{name}.attn.proj", attended(*qkv.chunk(3, -1), heads))
        inner = gelu(linear(state, f"{name}.mlp.fc1", normed(state, f"{name}.norm2", x, 1e-6)))
        x = x + linear(state, f"{name}.mlp.fc2", inner)
        blocks.append(x)
    return blocks, normed(state, f"{prefix}norm", x, 1e-6)


def clip_text(state, ids, heads):
    """Return the outputs of every block of CLIP's text tower, its normalised tokens, and the text's
    embedding.
    """
    length = ids.shape[1]
    x = state["token_embedding.weight"][ids] + state["positional_embedding"][:length]
    hidden = torch.ones(length, length).triu(1).bool()[None]
    blocks = []
    while f"transformer.resblocks.{len(blocks)}.ln_1.weight" in state:
        name = f"transformer.resblocks.{len(blocks)}"
        y = normed(state, f"{name}.ln_1", x, 1e-5)
        qkv = y @ state[f"{name}.attn.in_proj_weight"].T + state[f"{name}.attn.in_proj_bias"]
        mixed = attended(*qkv.chunk(3, -1), heads, hidden)
        x = x + linear(state, f"{name}.attn.out_proj", mixed)
        inner = linear(state, f"{name}.mlp.c_fc", normed(state, f"{name}.ln_2", x, 1e-5))
        x = x + linear(state, f"{name}.mlp.c_proj", quick_gelu(inner))
        blocks.append(x)
    x = normed(state, "ln_final", x, 1e-5)
    ends = x[torch.arange(len(x)), ids.argmax(1)]
    return blocks, x, ends @ state["text_projection"]


def bert(state, prefix, ids, mask, heads, image=None, types=False):
    """Return the outputs of every layer of a BERT whose layers may look at an image's tokens."""
    table = state[f"{prefix}embeddings.position_embeddings.weight"]
    x = state[f"{prefix}embeddings.word_embeddings.weight"][ids] + table[: ids.shape[1]]
    if types:
        x = x + state[f"{prefix}embeddings.token_type_embeddings.weight"][0]
    x = normed(state, f"{prefix}embeddings.LayerNorm", x, 1e-12)
    hidden, layers = ~mask.bool()[:, None, :], []

    def attention(name, x, seen, hidden):
        parts = (
            linear(state, f"{name}.self.{part}", given)
            for part, given in (("query", x), ("key", seen), ("value", seen))
        )
        mixed = linear(state, f"{name}.output.dense", attended(*parts, heads, hidden))
        return normed(state, f"{name}.output.LayerNorm", x + mixed, 1e-12)

    while f"{prefix}encoder.layer.{len(layers)}.output.dense.weight" in state:
        name = f"{prefix}encoder.layer.{len(layers)}"
        x = attention(f"{name}.attention", x, x, hidden)
        if image is not None and f"{name}.crossattention.self.query.weight" in state:
            x = attention(f"{name}.crossattention", x, image, None)
        inner = gelu(linear(state, f"{name}.intermediate.dense", x))
        x = normed(
            state,
            f"{name}.output.LayerNorm",
            x + linear(state, f"{name}.output.dense", inner),
            1e-12,
        )
        layers.append(x)
    return layers


class Drawn(dict):
    """Weights by name, drawn as they are asked for."""

    def __init__(self, seed):
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def add(self, name, *shape, mean=0.0, scale=0.2):
        self[name] = mean + scale * torch.randn(*shape, generator=self.generator)

    def dense(self, name, out, width):
        self.add(f"{name}.weight", out, width)
        self.add(f"{name}.bias", out)

    def norm(self, name, width):
        self.add(f"{name}.weight", width, mean=1.0)
        self.add(f"{name}.bias", width)


def draw_vit(state, prefix, width=48, depth=3, patch=8, size=32):
    state.add(f"{prefix}cls_token", 1, 1, width)
    state.add(f"{prefix}pos_embed", 1, 1 + (size // patch) ** 2, width)
    state.add(f"{prefix}patch_embed.proj.weight", width, 3, patch, patch)
    state.add(f"{prefix}patch_embed.proj.bias", width)
    for i in range(depth):
        name = f"{prefix}blocks.{i}"
        state.norm(f"{name}.norm1", width)
        state.norm(f"{name}.norm2", width)
        state.dense(f"{name}.attn.qkv", 3 * width, width)
        state.dense(f"{name}.attn.proj", width, width)
        state.dense(f"{name}.mlp.fc1", 4 * width, width)
        state.dense(f"{name}.mlp.fc2", width, 4 * width)
    state.norm(f"{prefix}norm", width)


def draw_bert(state, prefix, crossed, width=48, depth=4, image=48, words=100):
    state.add(f"{prefix}embeddings.word_embeddings.weight", words, width)
    state.add(f"{prefix}embeddings.position_embeddings.weight", 64, width)
    state[f"{prefix}embeddings.position_ids"] = torch.arange(64)[None]
    state.norm(f"{prefix}embeddings.LayerNorm", width)
    for i in range(depth):
        name = f"{prefix}encoder.layer.{i}"
        for kind, seen in (("attention", width), ("crossattention", image)):
            if kind == "crossattention" and i not in crossed:
                continue
            state.dense(f"{name}.{kind}.self.query", width, width)
            state.dense(f"{name}.{kind}.self.key", width, seen)
            state.dense(f"{name}.{kind}.self.value", width, seen)
            state.dense(f"{name}.{kind}.output.dense", width, width)
            state.norm(f"{name}.{kind}.output.LayerNorm", width)
        state.dense(f"{name}.intermediate.dense", 2 * width, width)
        state.dense(f"{name}.output.dense", width, 2 * width)
        state.norm(f"{name}.output.LayerNorm", width)


def slip_state(text=True, simclr=True, seed=0):
    """Return weights under the names of SLIP's training script, without ``module.``"""
    state = Drawn(seed)
    draw_vit(state, "visual.")
    if simclr:
        for layer, out, width in ((1, 32, 48), (2, 32, 32), (3, 16, 32)):
            state.dense(f"image_mlp.layer{layer}", out, width)
        for i in (1, 2):
            state.norm(f"image_mlp.bn{i}", 32)
            state.add(f"image_mlp.bn{i}.running_mean", 32)
            state[f"image_mlp.bn{i}.running_var"] = torch.ones(32)
            state[f"image_mlp.bn{i}.num_batches_tracked"] = torch.tensor(3)
    if text:
        width = 32
        state.add("token_embedding.weight", 49408, width)
        state.add("positional_embedding", 77, width)
        state.add("image_projection", 48, 16)
        state.add("text_projection", width, 16)
        state["logit_scale"] = torch.tensor(2.0)
        state.norm("ln_final", width)
        for i in range(2):
            name = f"transformer.resblocks.{i}"
            state.norm(f"{name}.ln_1", width)
            state.norm(f"{name}.ln_2", width)
            state.add(f"{name}.attn.in_proj_weight", 3 * width, width)
            state.add(f"{name}.attn.in_proj_bias", 3 * width)
            state.dense(f"{name}.attn.out_proj", width, width)
            state.dense(f"{name}.mlp.c_fc", 4 * width, width)
            state.dense(f"{name}.mlp.c_proj", width, 4 * width)
    return state


def albef_state(seed=0):
    """Return weights under ALBEF's names: two layers of text, two that look at the image."""
    state = Drawn(seed)
    draw_vit(state, "visual_encoder.")
    draw_bert(state, "text_encoder.bert.", crossed=(2, 3))
    state.add("text_encoder.bert.embeddings.token_type_embeddings.weight", 2, 48)
    state.dense("text_encoder.cls.predictions.transform.dense", 48, 48)
    state.dense("vision_proj", 16, 48)
    state.dense("text_proj", 16, 48)
    state.dense("itm_head", 2, 48)
    state.norm("visual_encoder_m.norm", 48)
    state["temp"] = torch.tensor(0.07)
    state["image_queue"] = torch.zeros(16, 8)
    state["queue_ptr"] = torch.zeros(1, dtype=torch.long)
    return state


def blip_state(seed=0):
    """Return weights under BLIP's names: every layer of text can look at the image."""
    state = Drawn(seed)
    draw_vit(state, "visual_encoder.")
    draw_bert(state, "text_encoder.", crossed=range(4))
    state.dense("vision_proj", 16, 48)
    state.dense("text_proj", 16, 48)
    state.dense("itm_head", 2, 48)
    state["temp"] = torch.tensor(0.07)
    return state
