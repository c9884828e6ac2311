"""SLIP, SLIP-CLIP and SLIP-SimCLR (Mu et al. 2021, arXiv 2112.12750) from checkpoints in their own
format.

The image tower is the plain ViT, the text tower open_clip's transformer; module names are those of
the checkpoints, so that nothing is renamed. Sizes are read from the weights; the number of heads is
not in them and comes from the row's ``architecture`` (``heads``, ``text_heads``), or from the
widths of the published models."""

from __future__ import annotations

import gzip
import io
import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from fusion.io.errors import InputError
from fusion.models.families.vit import VisionTransformer
from fusion.models.run import checkpoints, images
from fusion.models.run.checkpoints import File
from fusion.models.run.network import Batch, Items, Network
from fusion.models.run.texts import Texts
from fusion.models.spec import Row, Weights

TOWERS: dict[str, tuple[str, ...]] = {
    "image": ("image",),
    "text": ("text",),
    "joint": ("image", "text"),
}
TEXT_KEYS = (
    "transformer.*",
    "token_embedding.*",
    "positional_embedding",
    "ln_final.*",
    "text_projection",
    "logit_scale",
)


class Slip(nn.Module):
    """The towers of a SLIP checkpoint that a row feeds.

    Parameters
    ----------
    sizes
        As :func:`sizes_of` reads them.
    towers
        ``image``, ``text`` or both.
    """

    def __init__(self, sizes: Mapping[str, Any], towers: tuple[str, ...]):
        super().__init__()
        if "image" in towers:
            self.visual = VisionTransformer(
                *(sizes[key] for key in ("image", "patch", "width", "depth", "heads", "hidden"))
            )
            if sizes["mlp"]:
                self.image_mlp = simclr_head(*sizes["mlp"])
            if sizes["embed"]:
                self.image_projection = nn.Parameter(torch.empty(sizes["width"], sizes["embed"]))
                nn.init.normal_(self.image_projection, std=sizes["width"] ** -0.5)
            self.image_embedding = nn.Identity()
        if "text" in towers:
            self._add_text_tower(sizes)

    def _add_text_tower(self, sizes: Mapping[str, Any]) -> None:
        # slow to import, and image towers do without
        from open_clip.transformer import QuickGELU, Transformer

        width, depth = sizes["text_width"], sizes["text_depth"]
        self.transformer = Transformer(width, depth, sizes["text_heads"], act_layer=QuickGELU)
        self.token_embedding = nn.Embedding(sizes["vocabulary"], width)
        self.positional_embedding = nn.Parameter(torch.empty(sizes["context"], width))
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.empty(width, sizes["embed"]))
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.text_embedding = nn.Identity()
        self.register_buffer(
            "causal",
            torch.full((sizes["context"], sizes["context"]), -math.inf).triu_(1),
            persistent=False,
        )
        # The initialiser of CLIP, which SLIP took over.
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.positional_embedding, std=0.01)
        nn.init.normal_(self.text_projection, std=width**-0.5)
        for block in self.transformer.resblocks:
            nn.init.normal_(block.attn.in_proj_weight, std=width**-0.5)
            nn.init.normal_(block.attn.out_proj.weight, std=width**-0.5 * (2 * depth) ** -0.5)
            nn.init.normal_(block.mlp.c_fc.weight, std=(2 * width) ** -0.5)
            nn.init.normal_(block.mlp.c_proj.weight, std=width**-0.5 * (2 * depth) ** -0.5)

    def encode_image(self, pixels: Tensor) -> Tensor:
        """Return image embeddings (batch, embed) of (batch, 3, y, x); without a projection (batch,
        width).
        """
        features = self.visual(pixels)
        if hasattr(self, "image_mlp"):
            self.image_mlp(features)
        if hasattr(self, "image_projection"):
            features = features @ self.image_projection
        made: Tensor = self.image_embedding(features)
        return made

    def encode_text(self, ids: Tensor) -> Tensor:
        """Return text embeddings (batch, embed) of (batch, context) token ids; the end-of-text
        token has the largest id.
        """
        x = self.token_embedding(ids) + self.positional_embedding
        x = self.ln_final(self.transformer(x, attn_mask=self.causal))
        pooled = x[torch.arange(len(x), device=x.device), ids.argmax(-1)]
        made: Tensor = self.text_embedding(pooled @ self.text_projection)
        return made


def simclr_head(width: int, hidden: int, out: int) -> nn.Sequential:
    """Return SimCLR's projection head as SLIP has it."""
    return nn.Sequential(
        OrderedDict(
            layer1=nn.Linear(width, hidden),
            bn1=nn.BatchNorm1d(hidden),
            relu1=nn.ReLU(inplace=True),
            layer2=nn.Linear(hidden, hidden),
            bn2=nn.BatchNorm1d(hidden),
            relu2=nn.ReLU(inplace=True),
            layer3=nn.Linear(hidden, out),
        )
    )


def sizes_of(
    state: Mapping[str, Tensor], architecture: Mapping[str, Any], path: File
) -> dict[str, Any]:
    """Return the sizes of the model whose weights ``state`` holds.

    Raises
    ------
    InputError
        If the weights are no SLIP checkpoint.
    """
    try:
        width, _, patch, _ = state["visual.patch_embed.proj.weight"].shape
        grid = math.isqrt(state["visual.pos_embed"].shape[1] - 1)
        hidden = state["visual.blocks.0.mlp.fc1.weight"].shape[0]
        # MoCo v3's small ViT, which SLIP took, has twelve narrow heads.
        sizes: dict[str, Any] = {
            "width": width,
            "patch": patch,
            "image": grid * patch,
            "depth": count(state, "visual.blocks"),
            "hidden": hidden,
            "heads": architecture.get("heads") or (12 if width == 384 else max(1, width // 64)),
            "embed": None,
            "mlp": None,
        }
        if "image_projection" in state:
            sizes["embed"] = state["image_projection"].shape[1]
        if "image_mlp.layer1.weight" in state:
            sizes["mlp"] = (
                width,
                state["image_mlp.layer1.weight"].shape[0],
                state["image_mlp.layer3.weight"].shape[0],
            )
        if "token_embedding.weight" in state:
            sizes["vocabulary"], sizes["text_width"] = state["token_embedding.weight"].shape
            sizes["text_depth"] = count(state, "transformer.resblocks")
            sizes["context"] = len(state["positional_embedding"])
            sizes["text_heads"] = architecture.get("text_heads") or max(
                1, sizes["text_width"] // 64
            )
    except KeyError as error:
        raise InputError(
            path,
            "",
            f"no {error.args[0]} among {len(state)} keys ({', '.join(list(state)[:3])}, ..)",
            "a SLIP checkpoint",
        ) from None
    if width % sizes["heads"]:
        raise InputError(
            path, "architecture.heads", str(sizes["heads"]), f"a divisor of the width {width}"
        )
    return sizes


def count(state: Mapping[str, Tensor], prefix: str) -> int:
    """Return how many numbered blocks there are below ``prefix``."""
    return len(
        {key[len(prefix) + 1 :].split(".")[0] for key in state if key.startswith(prefix + ".")}
    )


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: its image tower, its text tower, or both.

    Parameters
    ----------
    row
        A row of the zoo.
    weights
        Where its files lie.
    trained
        False leaves the architecture's own initialisation, drawn from torch's current random state.
    """
    path = weights.path
    state = checkpoints.state_dict(path, rename=row.rename_keys)
    sizes = sizes_of(state, row.architecture, path)
    towers = TOWERS[row.feed]
    if "text" in towers and "vocabulary" not in sizes:
        raise InputError(
            path,
            "",
            "a checkpoint without a text tower",
            f"feed: image for this row, not {row.feed}",
        )
    model = Slip(sizes, towers)
    if trained:
        unused = (
            *(TEXT_KEYS if "text" not in towers else ()),
            *(("visual.*", "image_*") if "image" not in towers else ()),
        )
        checkpoints.load_strict(model, state, path, (*unused, *row.ignore_keys))
    preprocess = images.own(row, size=sizes["image"])
    merges = weights.tokenizer.path if weights.tokenizer else None
    texts = tokenizer(merges, sizes, path) if "text" in towers else None
    if texts and row.text_length:
        texts.length = min(row.text_length, texts.length)

    def prepare(items: Items) -> Batch:
        batch = {}
        if items.images is not None:
            batch["pixels"] = preprocess(items.images)
        if items.texts is not None and texts is not None:
            batch["ids"], batch["tokens"] = texts(items.texts)
        return batch

    def run(batch: Batch) -> None:
        if "pixels" in batch:
            model.encode_image(batch["pixels"])
        if "ids" in batch:
            model.encode_text(batch["ids"])

    def tokens(layer: str, batch: Batch) -> Tensor | None:
        return None if layer.startswith(("visual", "image_")) else batch["tokens"]

    return Network(
        model,
        prepare,
        run,
        texts,
        tokens,
        image_only=("visual", "image_*"),
        text_only=("*",),
        notes={"preprocessing": preprocess.described} if "image" in towers else {},
    )


def tokenizer(merges: str | None, sizes: Mapping[str, Any], path: str) -> Texts:
    """Return CLIP's byte-pair encoding, or that of a merges file."""
    # slow to import, and image towers do without
    from open_clip.tokenizer import SimpleTokenizer, default_bpe

    with gzip.open(merges or default_bpe()) as file:
        text = file.read()
    # A newline at the end of a merges file counts as one more, empty merge; the checkpoint knows
    # whether there was one.
    for merged in dict.fromkeys((text, text.rstrip(b"\n"))):
        bpe = SimpleTokenizer(io.BytesIO(gzip.compress(merged, 1)), context_length=sizes["context"])
        if bpe.vocab_size == sizes["vocabulary"]:
            return Texts(
                encode=bpe.encode,
                begin=(bpe.sot_token_id,),
                end=(bpe.eot_token_id,),
                pad=0,
                length=sizes["context"],
                fixed=True,
            )
    raise InputError(
        merges or path,
        "",
        f"a vocabulary of {bpe.vocab_size}",
        f"{sizes['vocabulary']} tokens, as the checkpoint has",
    )
