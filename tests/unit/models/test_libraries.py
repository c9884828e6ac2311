"""Networks from saved folders, hooked and pooled here, equal direct calls of their libraries."""

import json

import numpy as np
import pytest
import tiny_checkpoints as tiny
import torch
import transformers as T
from helpers.networks import row_of, weights_at
from PIL import Image

from fusion.io.errors import InputError
from fusion.models.families import lavis, vit
from fusion.models.families import registry as families
from fusion.models.run import extract, hooks, regions
from fusion.models.run.look import look
from fusion.models.run.network import Items

CLOSE = 1e-6
TEXTS = ["the red circle moves", "a blue square", "up"]
FRAMES = np.random.default_rng(0).integers(0, 256, (3, 40, 56, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def run(row, weights, layers, init="trained"):
    """Return the layers of three items by path, as the script would write them."""
    row = row_of(**row, layers=layers)
    network = families.build("tiny", row, weights, init, 0)

    def shown(start, stop):
        images = FRAMES[start:stop] if row.feed != "text" else None
        return Items(
            np.arange(start, stop), images, TEXTS[start:stop] if row.feed != "image" else None
        )

    expanded = look(network, hooks.expand(network.module, row), row, frames=[0, 1])
    _, _, found = next(
        extract.features(network, expanded, 3, shown, extract.Running(torch.device("cpu")))
    )
    return found


def differ(found, expected):
    return np.abs(found - np.asarray(expected)).max()


@torch.inference_mode()
def test_bert_cls_and_pooler(tmp_path):
    folder = str(tiny.bert_folder(tmp_path))
    found = run(
        {"family": "transformers_text", "feed": "text"},
        weights_at(folder),
        {"encoder.layer.*": "cls", "pooler.activation": "flatten"},
    )
    model, tokenizer = T.AutoModel.from_pretrained(folder), T.AutoTokenizer.from_pretrained(folder)
    direct = model(**tokenizer(TEXTS, padding=True, return_tensors="pt"), output_hidden_states=True)
    for i, states in enumerate(direct.hidden_states[1:]):
        assert differ(found[f"encoder.layer.{i}"], states[:, 0]) < CLOSE
    assert differ(found["pooler.activation"], direct.pooler_output) < CLOSE


@torch.inference_mode()
def test_sbert_equals_sentence_transformers(tmp_path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Normalize, Pooling, Transformer

    folder = str(tiny.mpnet_folder(tmp_path / "mpnet"))
    words = Transformer(folder)
    SentenceTransformer(modules=[words, Pooling(32), Normalize()]).save(str(tmp_path / "sbert"))
    direct = SentenceTransformer(str(tmp_path / "sbert"), device="cpu").encode(TEXTS)
    found = run(
        {"family": "transformers_text", "feed": "text"},
        weights_at(str(tmp_path / "sbert")),
        {"encoder.layer.2": "mean"},
    )["encoder.layer.2"]
    assert differ(found / np.linalg.norm(found, axis=1, keepdims=True), direct) < CLOSE


@torch.inference_mode()
def test_gpt2_last_token_without_padding(tmp_path):
    folder = str(tiny.gpt2_folder(tmp_path))
    found = run(
        {"family": "transformers_text", "feed": "text"},
        weights_at(folder),
        {"h.*": "last", "ln_f": "last"},
    )
    model, tokenizer = T.GPT2Model.from_pretrained(folder), T.AutoTokenizer.from_pretrained(folder)
    for i, text in enumerate(TEXTS):
        direct = model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True)
        assert differ(found["h.0"][i], direct.hidden_states[1][0, -1]) < 1e-5
        assert differ(found["ln_f"][i], direct.last_hidden_state[0, -1]) < 1e-5


@torch.inference_mode()
def test_flava_three_encoders(tmp_path):
    folder = str(tiny.flava_folder(tmp_path))
    heads = [
        "image_codebook.*",
        "mim_head.*",
        "mlm_head.*",
        "itm_head.*",
        "mmm_image_head.*",
        "mmm_text_head.*",
    ]
    layers = {
        "image_model.encoder.layer.*": "mean",
        "text_model.encoder.layer.*": "mean",
        "multimodal_model.encoder.layer.*": "mean",
        "multimodal_model.pooler.dense": "flatten",
    }
    found = run({"family": "flava", "ignore_keys": heads}, weights_at(folder), layers)
    model = T.FlavaModel.from_pretrained(folder)
    images = T.AutoImageProcessor.from_pretrained(folder, backend="pil")(
        list(FRAMES), return_tensors="pt"
    )
    text = T.AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    model.multimodal_model.config.output_hidden_states = True
    direct = model(**images, **text)
    mask = text["attention_mask"][:, :, None].float()
    for i in range(3):
        states = direct.image_output.hidden_states[i + 1]
        assert differ(found[f"image_model.encoder.layer.{i}"], states[:, 1:].mean(1)) < CLOSE
        states = direct.text_output.hidden_states[i + 1]
        assert (
            differ(found[f"text_model.encoder.layer.{i}"], (states * mask).sum(1) / mask.sum(1))
            < CLOSE
        )
    # Neither its own class token nor the image's is in the mean.
    joint = torch.cat([torch.zeros(3, 2, 1), torch.ones(3, 16, 1), mask], 1)
    states = direct.multimodal_output.hidden_states[2]
    assert (
        differ(found["multimodal_model.encoder.layer.1"], (states * joint).sum(1) / joint.sum(1))
        < CLOSE
    )
    assert (
        differ(
            np.tanh(found["multimodal_model.pooler.dense"]), direct.multimodal_output.pooler_output
        )
        < CLOSE
    )


@torch.inference_mode()
def test_flava_towers_alone(tmp_path):
    folder = str(tiny.flava_folder(tmp_path))
    heads = {"family": "flava", "ignore_keys": ["*_head.*", "image_codebook.*"]}
    both = run(
        heads,
        weights_at(folder),
        {"image_model.encoder.layer.*": "cls", "text_model.encoder.layer.*": "cls"},
    )
    image = run(
        heads | {"feed": "image"}, weights_at(folder), {"image_model.encoder.layer.*": "cls"}
    )
    text = run(heads | {"feed": "text"}, weights_at(folder), {"text_model.encoder.layer.*": "cls"})
    for layer, values in (image | text).items():
        assert differ(values, both[layer]) < CLOSE


def region_file(folder, width, frames=(0, 1, 2)):
    rng = np.random.default_rng(1)
    path = folder / "regions.npz"
    np.savez(
        path,
        frame=np.array(frames),
        features=rng.random((len(frames), 4, width), dtype=np.float32),
        boxes=rng.random((len(frames), 4, 4)),
    )
    return path


def of_file(path):
    return {"file": str(path), "backbone": None, "net": "resnet18", "grid": 3}


@torch.inference_mode()
def test_lxmert_language_and_regions(tmp_path):
    folder, path = str(tiny.lxmert_folder(tmp_path / "lxmert", 20)), region_file(tmp_path, 20)
    layers = {
        "encoder.layer.*": "cls",
        "encoder.r_layers.*": "mean",
        "encoder.x_layers.*": "mean",
        "encoder.x_layers.*.visn_output": "mean",
        "pooler": "flatten",
    }
    heads = ["cls.*", "obj_predict_head.*", "answer_head.*"]
    row = {"family": "lxmert", "ignore_keys": heads, "regions": of_file(path)}
    found = run(row, weights_at(folder), layers)
    held = np.load(path)
    text = T.AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    features, boxes = torch.from_numpy(held["features"]), torch.from_numpy(held["boxes"]).float()
    model = T.LxmertModel.from_pretrained(folder)
    direct = model(**text, visual_feats=features, visual_pos=boxes, output_hidden_states=True)
    mask = text["attention_mask"][:, :, None].float()
    assert differ(found["encoder.layer.2"], direct.language_hidden_states[2][:, 0]) < CLOSE
    assert (
        differ(found["encoder.x_layers.1"], (direct.language_output * mask).sum(1) / mask.sum(1))
        < CLOSE
    )
    assert differ(found["encoder.r_layers.1"], direct.vision_hidden_states[1].mean(1)) < CLOSE
    assert differ(found["encoder.x_layers.1.visn_output"], direct.vision_output.mean(1)) < CLOSE
    assert differ(found["pooler"], direct.pooled_output) < CLOSE
    with pytest.raises(InputError, match="joint or image"):
        run(row | {"feed": "text"}, weights_at(folder), layers)


@torch.inference_mode()
def test_visualbert_text_then_regions(tmp_path):
    folder, path = (
        str(tiny.visualbert_folder(tmp_path / "visualbert", 20)),
        region_file(tmp_path, 20),
    )
    words = str(tiny.bert_tokenizer(tmp_path / "tokenizer"))
    weights = weights_at(folder, words)
    row = {"family": "visualbert", "ignore_keys": ["cls.*"], "regions": of_file(path)}
    found = run(
        row,
        weights,
        {"encoder.layer.*": "mean", "pooler": "flatten"},
    )
    text = T.AutoTokenizer.from_pretrained(words)(TEXTS, padding=True, return_tensors="pt")
    features = torch.from_numpy(np.load(path)["features"])
    ones = torch.ones(features.shape[:2], dtype=torch.long)
    model = T.VisualBertModel.from_pretrained(folder)
    direct = model(
        **text,
        visual_embeds=features,
        visual_token_type_ids=ones,
        visual_attention_mask=ones,
        output_hidden_states=True,
    )
    mask = torch.cat([text["attention_mask"], ones], 1)[:, :, None].float()
    for i, states in enumerate(direct.hidden_states[1:]):
        assert differ(found[f"encoder.layer.{i}"], (states * mask).sum(1) / mask.sum(1)) < CLOSE
    assert differ(found["pooler"], direct.pooler_output) < CLOSE
    alone = run(
        row | {"feed": "text"},
        weights,
        {"pooler": "flatten"},
    )
    assert differ(alone["pooler"], model(**text).pooler_output) < CLOSE


@torch.inference_mode()
@pytest.mark.parametrize(
    ("name", "options", "layers"),
    [
        (
            "beit_base_patch16_224",
            {"img_size": 32, "patch_size": 8, "embed_dim": 48, "depth": 3, "num_heads": 4},
            {"blocks.*": "mean", "fc_norm": "flatten"},
        ),
        (
            "convnext_base",
            {"depths": (1, 1, 2, 1), "dims": (8, 16, 32, 64)},
            {"stages.*": "mean", "head.norm": "flatten"},
        ),
        (
            "swin_tiny_patch4_window7_224",
            {
                "img_size": 32,
                "window_size": 2,
                "embed_dim": 16,
                "depths": (1, 1),
                "num_heads": (2, 2),
            },
            {"layers.*": "mean"},
        ),
    ],
)
def test_timm_models(tmp_path, name, options, layers):
    import timm
    from timm.data import create_transform, resolve_model_data_config

    folder = tiny.timm_folder(tmp_path, name, **options)
    found = run({"family": "timm_vision", "feed": "image"}, weights_at(str(folder)), layers)
    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    steps = create_transform(**resolve_model_data_config(model))
    pixels = torch.stack([steps(Image.fromarray(frame)) for frame in FRAMES])
    final, middle = model.forward_intermediates(pixels, output_fmt="NCHW", norm=False)
    blocks = [path for path in found if path.rsplit(".", 1)[0] in ("blocks", "stages", "layers")]
    assert len(blocks) == len(middle)
    for path, states in zip(blocks, middle, strict=True):
        assert differ(found[path], states.mean((2, 3))) < CLOSE * max(1, float(states.abs().max()))
    if "fc_norm" in found:
        assert (
            differ(
                found["fc_norm"],
                model.forward_head(model.forward_features(pixels), pre_logits=True),
            )
            < CLOSE
        )
    if "head.norm" in found:
        assert (
            differ(
                found["head.norm"],
                model.forward_head(model.forward_features(pixels), pre_logits=True),
            )
            < CLOSE
        )


@torch.inference_mode()
@pytest.mark.parametrize(
    ("kind", "config", "layers"),
    [
        (
            "BeitModel",
            T.BeitConfig(**tiny.HIDDEN, **tiny.SMALL, use_mean_pooling=True),
            {"layers.*": "mean"},
        ),
        (
            "ConvNextModel",
            T.ConvNextConfig(hidden_sizes=[8, 16, 32, 64], depths=[1, 1, 2, 1]),
            {"encoder.stages.*": "mean"},
        ),
    ],
)
def test_vision_models_of_transformers(tmp_path, kind, config, layers):
    tiny.seeded(getattr(T, kind), config).save_pretrained(tmp_path)
    T.ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    found = run(
        {"family": "transformers_vision", "feed": "image", "architecture": {"class": kind}},
        weights_at(str(tmp_path)),
        layers,
    )
    pixels = T.AutoImageProcessor.from_pretrained(tmp_path, backend="pil")(
        list(FRAMES), return_tensors="pt"
    )
    states = (
        getattr(T, kind)
        .from_pretrained(tmp_path)(**pixels, output_hidden_states=True)
        .hidden_states[1:]
    )
    assert len(states) == len(found)
    for values, state in zip(found.values(), states, strict=True):
        expected = state[:, 1:].mean(1) if state.ndim == 3 else state.mean((2, 3))
        assert differ(values, expected) < CLOSE


@torch.inference_mode()
@pytest.mark.parametrize(("width", "heads"), [(64, 1), (48, 12)])
def test_the_plain_vit_is_timms(width, heads):
    from timm.models.vision_transformer import VisionTransformer

    theirs = tiny.seeded(
        VisionTransformer,
        img_size=32,
        patch_size=8,
        embed_dim=width,
        depth=3,
        num_heads=heads,
        num_classes=0,
    )
    own = vit.VisionTransformer(32, 8, width, 3, heads, 4 * width).eval()
    own.load_state_dict(theirs.state_dict(), strict=True)
    pixels = torch.randn(3, 3, 32, 32)
    _, middle = theirs.forward_intermediates(
        pixels, norm=False, output_fmt="NLC", return_prefix_tokens=True
    )
    x = torch.cat([own.cls_token.expand(3, -1, -1), own.patch_embed(pixels)], 1) + own.pos_embed
    for block, (patches, prefix) in zip(own.blocks, middle, strict=True):
        x = block(x)
        assert differ(x.numpy(), torch.cat([prefix, patches], 1)) < 2e-6
    assert differ(own(pixels).numpy(), theirs(pixels)) < CLOSE * 5


def test_the_plain_vit_starts_as_timms():
    from timm.models.vision_transformer import VisionTransformer

    torch.manual_seed(0)
    own = vit.VisionTransformer(32, 8, 128, 2, 2, 512).state_dict()
    theirs = VisionTransformer(
        img_size=32, patch_size=8, embed_dim=128, depth=2, num_heads=2, num_classes=0
    ).state_dict()
    assert set(own) == set(theirs)
    for key, value in own.items():
        if key != "cls_token":  # which timm has since made smaller
            assert value.shape == theirs[key].shape
            assert abs(float(value.mean() - theirs[key].mean())) < 0.01, key
            assert abs(float(value.std() - theirs[key].std())) < 0.01, key


@torch.inference_mode()
def test_open_clip_towers(tmp_path):
    import open_clip

    folder = tiny.open_clip_folder(tmp_path)
    layers = {
        "visual.transformer.resblocks.*": "cls",
        "transformer.resblocks.*": "last",
        "ln_final": "last",
    }
    found = run({"family": "open_clip"}, weights_at(str(folder)), layers)
    model, process = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    model.eval()
    pixels = torch.stack([process(Image.fromarray(frame)) for frame in FRAMES])
    ids = open_clip.get_tokenizer(f"local-dir:{folder}")(TEXTS)
    direct = model.forward_intermediates(
        pixels, ids, image_output_extra_tokens=True, intermediates_only=True
    )
    for i, prefix in enumerate(direct["image_intermediates_prefix"]):
        assert differ(found[f"visual.transformer.resblocks.{i}"], prefix[:, 0]) < CLOSE
    for i, states in enumerate(direct["text_intermediates"]):
        assert (
            differ(found[f"transformer.resblocks.{i}"], states[torch.arange(3), ids.argmax(1)])
            < CLOSE
        )
    encoded = torch.from_numpy(found["ln_final"]) @ model.text_projection
    assert differ(encoded.numpy(), model.encode_text(ids)) < CLOSE


@torch.inference_mode()
def test_a_vision_language_decoder(tmp_path):
    folder = str(tiny.qwen_folder(tmp_path))
    found = run(
        {"family": "vlm_decoder"}, weights_at(folder), {"model.language_model.layers.*": "last"}
    )
    model, processor = (
        T.Qwen3VLForConditionalGeneration.from_pretrained(folder),
        T.AutoProcessor.from_pretrained(folder),
    )
    processor.image_processor = T.AutoImageProcessor.from_pretrained(folder, backend="pil")
    for i, text in enumerate(TEXTS):
        turn = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}]
        prompt = processor.apply_chat_template(turn, tokenize=False)
        inputs = processor(text=[prompt], images=[Image.fromarray(FRAMES[i])], return_tensors="pt")
        states = model(**inputs, output_hidden_states=True).hidden_states
        assert differ(found["model.language_model.layers.0"][i], states[1][0, -1]) < 1e-5


def test_blip_reads_the_image_and_begins_with_its_encode_token(tmp_path):
    folder = str(tiny.blip_folder(tmp_path / "folder"))
    (tmp_path / "file").mkdir()
    path = str(tiny.blip_file(tmp_path / "file"))
    layers = {"vision_model.encoder.layers.*": "mean", "text_encoder.encoder.layer.*": "mean"}
    words = tiny.bert_tokenizer(tmp_path / "words")
    from_folder = run({"family": "blip"}, weights_at(folder), layers)
    row = {"family": "blip", "architecture": {"heads": 4, "text_heads": 4}}
    from_file = run(row, weights_at(path, words), layers)
    for layer, values in from_folder.items():
        # images are normalised by the folder's own processor, which is no other than the file's
        if layer.startswith("text"):
            assert differ(values, from_file[layer]) < 1e-5
    text_only = run(
        row | {"feed": "text"},
        weights_at(path, words),
        {"text_encoder.encoder.layer.*": "mean"},
    )
    last = "text_encoder.encoder.layer.2"
    assert differ(text_only[last], from_file[last]) > 1e-3
    plain = run(
        row | {"architecture": row["architecture"] | {"encode_token": 2}},
        weights_at(path, words),
        layers,
    )
    assert differ(plain[last], from_file[last]) > 1e-3


def test_regions_of_the_grid_are_means_of_their_cells(tmp_path):
    pool = regions.from_grid(tiny.resnet_file(tmp_path), "resnet18", 2, 512)
    frames = FRAMES.copy()
    features, boxes = pool(Items(np.arange(3), frames, None))
    assert features.shape == (3, 4, 512)
    assert boxes[0].tolist() == [
        [0, 0, 0.5, 0.5],
        [0.5, 0, 1, 0.5],
        [0, 0.5, 0.5, 1],
        [0.5, 0.5, 1, 1],
    ]
    flipped, _ = pool(Items(np.arange(3), np.ascontiguousarray(frames[:, ::-1]), None))
    assert (features[:, 0] - features[:, 2]).abs().max() > 1e-4
    assert flipped.shape == features.shape


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": np.zeros((3, 4, 9), np.float32)}, "9 wide"),
        ({"boxes": np.full((3, 4, 4), 20.0)}, "shares of the image"),
        ({"boxes": np.zeros((3, 3, 4))}, "boxes"),
        ({"frame": np.array([0, 1, 5])}, "no frame 2"),
    ],
)
def test_wrong_regions_are_clear_errors(tmp_path, change, message):
    held = dict(np.load(region_file(tmp_path, 20)))
    np.savez(tmp_path / "wrong.npz", **(held | change))
    with pytest.raises(InputError, match=message):
        regions.from_file(tmp_path / "wrong.npz", 20)(Items(np.arange(3), None, None))


def test_captions_as_lavis_cleans_them():
    assert lavis.caption('Hello, "World"! (It\'s #1.)  a: b; c~') == "hello, world it's 1 a b c"


def test_positions_are_resized_without_antialiasing():
    positions = torch.randn(1, 1 + 8 * 8, 6)
    found = lavis.resized(positions, 48, 8)
    grid = positions[:, 1:].reshape(1, 8, 8, 6).permute(0, 3, 1, 2)
    expected = (
        torch.nn.functional.interpolate(grid, (6, 6), mode="bicubic", align_corners=False)
        .permute(0, 2, 3, 1)
        .reshape(1, 36, 6)
    )
    assert torch.allclose(found[:, 1:], expected, atol=1e-6)
    assert torch.equal(found[:, 0], positions[:, 0])
    assert torch.equal(lavis.resized(positions, 64, 8), positions)


def test_a_wrong_class_is_an_error_with_the_first_keys(tmp_path):
    folder = str(tiny.bert_folder(tmp_path))
    with pytest.raises(InputError, match="no attribute .dim.|missing keys"):
        run(
            {
                "family": "transformers_text",
                "feed": "text",
                "architecture": {"class": "DistilBertModel"},
            },
            weights_at(folder),
            {"transformer.layer.*": "cls"},
        )
    with pytest.raises(InputError, match="architecture.class"):
        run(
            {"family": "transformers_text", "feed": "text", "architecture": {"class": "BertModle"}},
            weights_at(folder),
            {"encoder.layer.*": "cls"},
        )
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 4}))
    with pytest.raises(InputError, match="encoder.layer.3"):
        run(
            {"family": "transformers_text", "feed": "text"},
            weights_at(folder),
            {"encoder.layer.*": "cls"},
        )
