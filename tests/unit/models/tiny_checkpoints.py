"""Tiny, randomly initialised checkpoints of every family, in the formats in which the real ones are
published.
"""

import argparse
import json
import logging

import timm
import torch
import transformers as T
from timm.models import save_for_hf

from fusion.models.families import albef, blip, slip

HIDDEN = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}
SMALL = {"image_size": 32, "patch_size": 8}
WORDS = [
    "red",
    "circle",
    "a",
    "the",
    "moves",
    "left",
    "right",
    "blue",
    "square",
    "and",
    "up",
    "down",
    "to",
    "is",
]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY = {token: i for i, token in enumerate([*SPECIAL, *WORDS])}

logging.getLogger("transformers").setLevel(logging.ERROR)


def seeded(make, *arguments, **options):
    """Return a module with every weight drawn, also those that an initialiser leaves at zero or
    one.
    """
    torch.manual_seed(0)
    module = make(*arguments, **options)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return module.eval()


def bert_tokenizer(folder):
    T.BertTokenizer(vocab=VOCABULARY, model_max_length=80).save_pretrained(folder)
    return folder


def slip_file(folder, towers=("image", "text"), **sizes):
    sizes = {
        "width": 64,
        "patch": 8,
        "image": 32,
        "depth": 3,
        "hidden": 128,
        "heads": 1,
        "mlp": (64, 32, 16),
        "vocabulary": 49408,
        "text_width": 64,
        "text_depth": 2,
        "context": 77,
        "text_heads": 1,
        "embed": 16 if "text" in towers else None,
    } | sizes
    model = seeded(slip.Slip, sizes, towers)
    state = {f"module.{key}": value for key, value in model.state_dict().items()}
    path = folder / "slip.pt"
    torch.save(
        {
            "epoch": 25,
            "state_dict": state,
            "args": argparse.Namespace(model="SLIP_TINY", betas=(0.9, 0.98)),
        },
        path,
    )
    return path


def albef_file(folder):
    vision = {"width": 32, "patch": 8, "image": 32, "depth": 3, "hidden": 64, "heads": 4}
    text = {
        "vocab_size": len(VOCABULARY),
        "hidden_size": 32,
        "max_position_embeddings": 80,
        "intermediate_size": 64,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "first_fusion": 2,
    }
    model = seeded(albef.Albef, vision, text)
    state = {}
    for key, value in model.state_dict().items():
        if key.startswith("text_encoder."):
            key = key.replace("text_encoder.", "text_encoder.bert.", 1)
        elif key.startswith("fusion_encoder.encoder.layer."):
            number, rest = key.removeprefix("fusion_encoder.encoder.layer.").split(".", 1)
            key = f"text_encoder.bert.encoder.layer.{int(number) + 2}.{rest}"
        state[key] = value
    state |= {
        "temp": torch.tensor(0.07),
        "visual_encoder_m.norm.weight": torch.ones(32),
        "queue_ptr": torch.zeros(1, dtype=torch.long),
    }
    path = folder / "albef.pth"
    torch.save({"model": state}, path)
    return path


def blip_model():
    text = {
        "vocab_size": len(VOCABULARY) + 2,
        "encoder_hidden_size": 32,
        "bos_token_id": 2,
        "sep_token_id": 3,
        "pad_token_id": 0,
        "eos_token_id": 3,
        **HIDDEN,
    }
    config = T.BlipConfig(
        vision_config={**HIDDEN, **SMALL, "layer_norm_eps": 1e-6},
        text_config=text,
        projection_dim=16,
        image_text_hidden_size=16,
    )
    return seeded(T.BlipForImageTextRetrieval, config)


def blip_folder(folder):
    blip_model().save_pretrained(folder)
    T.BlipProcessor(
        T.BlipImageProcessorPil(size={"height": 32, "width": 32}), T.BertTokenizer(vocab=VOCABULARY)
    ).save_pretrained(folder)
    return folder


def blip_file(folder):
    model = blip_model()
    back = [
        ("vision_model.encoder.layers.", "visual_encoder.blocks."),
        ("vision_model.post_layernorm.", "visual_encoder.norm."),
        ("vision_model.embeddings.class_embedding", "visual_encoder.cls_token"),
        ("vision_model.embeddings.position_embedding", "visual_encoder.pos_embed"),
        ("vision_model.embeddings.patch_embedding.", "visual_encoder.patch_embed.proj."),
        (".self_attn.projection.", ".attn.proj."),
        (".self_attn.", ".attn."),
        (".layer_norm1.", ".norm1."),
        (".layer_norm2.", ".norm2."),
    ]
    state = {"temp": torch.tensor(0.07)}
    for key, value in model.state_dict().items():
        for new, old in back if key.startswith("vision_model") else ():
            key = key.replace(new, old)
        state[key] = value
    path = folder / "blip.pth"
    torch.save({"model": state}, path)
    assert {blip.renamed(key) for key in state} - {"temp"} == set(model.state_dict())
    return path


def flava_folder(folder):
    text = dict(vocab_size=len(VOCABULARY), **HIDDEN)
    config = T.FlavaConfig(
        image_config=dict(**HIDDEN, **SMALL),
        text_config=text,
        multimodal_config={**HIDDEN, "num_hidden_layers": 2},
        hidden_size=32,
        projection_dim=16,
        image_codebook_config={"hidden_size": 8, "num_groups": 4, "vocab_size": 32},
    )
    seeded(T.FlavaForPreTraining, config).save_pretrained(folder)
    size = {"height": 32, "width": 32}
    T.FlavaProcessor(
        T.FlavaImageProcessorPil(size=size, crop_size=size), T.BertTokenizer(vocab=VOCABULARY)
    ).save_pretrained(folder)
    return folder


def lxmert_folder(folder, width=512):
    config = T.LxmertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        num_attention_heads=4,
        intermediate_size=64,
        l_layers=3,
        x_layers=2,
        r_layers=2,
        visual_feat_dim=width,
        num_qa_labels=3,
        num_object_labels=4,
        num_attr_labels=4,
    )
    seeded(T.LxmertForPreTraining, config).save_pretrained(folder)
    return bert_tokenizer(folder)


def visualbert_folder(folder, width=512):
    seeded(
        T.VisualBertForPreTraining,
        T.VisualBertConfig(vocab_size=len(VOCABULARY), visual_embedding_dim=width, **HIDDEN),
    ).save_pretrained(folder)
    return folder


def timm_folder(folder, name, **options):
    model = seeded(timm.create_model, name, **options)
    save_for_hf(model, folder, model_args=options, safe_serialization=True)
    return folder


def bert_folder(folder):
    seeded(
        T.BertForMaskedLM if "mlm" in folder.name else T.BertModel,
        T.BertConfig(vocab_size=len(VOCABULARY), **HIDDEN),
    ).save_pretrained(folder)
    return bert_tokenizer(folder)


def mpnet_folder(folder):
    vocabulary = {
        token: i for i, token in enumerate(["<s>", "<pad>", "</s>", "[UNK]", *WORDS, "<mask>"])
    }
    config = T.MPNetConfig(
        vocab_size=len(vocabulary),
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        max_position_embeddings=90,
        **HIDDEN,
    )
    seeded(T.MPNetModel, config).save_pretrained(folder)
    T.MPNetTokenizer(vocab=vocabulary, model_max_length=80).save_pretrained(folder)
    return folder


def byte_pairs():
    """Return a vocabulary of single bytes, as GPT-2 and Qwen write them, and no merges."""
    letters = sorted(
        {
            *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;!?'\"-_<>|/\\()[]{}",
            "\u0120",
            "\u010a",
        }
    )
    return {letter: i for i, letter in enumerate(letters)}


def gpt2_folder(folder):
    vocabulary = byte_pairs()
    vocabulary["<|endoftext|>"] = len(vocabulary)
    end = vocabulary["<|endoftext|>"]
    config = T.GPT2Config(
        vocab_size=len(vocabulary),
        n_positions=80,
        n_embd=32,
        n_layer=3,
        n_head=4,
        bos_token_id=end,
        eos_token_id=end,
    )
    seeded(T.GPT2LMHeadModel, config).save_pretrained(folder)
    T.GPT2Tokenizer(vocab=vocabulary, merges=[], model_max_length=80).save_pretrained(folder)
    return folder


def open_clip_folder(folder, siglip=False):
    import open_clip
    from safetensors.torch import save_file

    vision = {"image_size": 32, "layers": 3, "width": 64, "head_width": 32, "patch_size": 8}
    text = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
    config = {"embed_dim": 16, "quick_gelu": True, "vision_cfg": vision, "text_cfg": text}
    process = {
        "mean": [0.48145466, 0.4578275, 0.40821073],
        "std": [0.26862954, 0.26130258, 0.27577711],
        "interpolation": "bicubic",
        "resize_mode": "shortest",
    }
    if siglip:
        vision = {
            "image_size": 32,
            "timm_model_name": "test_vit",
            "timm_pool": "map",
            "timm_proj": "none",
        }
        text = {
            **text,
            "context_length": 64,
            "no_causal_mask": True,
            "proj_bias": True,
            "pool_type": "last",
        }
        config = {
            "embed_dim": 64,
            "init_logit_bias": -10,
            "custom_text": True,
            "vision_cfg": vision,
            "text_cfg": text,
        }
        process = {
            "mean": [0.5] * 3,
            "std": [0.5] * 3,
            "interpolation": "bicubic",
            "resize_mode": "squash",
        }
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": config, "preprocess_cfg": process})
    )
    model = seeded(open_clip.create_model, f"local-dir:{folder}", load_weights=False)
    save_file(
        {key: value.contiguous() for key, value in model.state_dict().items()},
        folder / "open_clip_model.safetensors",
    )
    return folder


def qwen_folder(folder):
    vocabulary = byte_pairs()
    special = [
        "<|endoftext|>",
        "<|im_start|>",
        "<|im_end|>",
        "<|vision_start|>",
        "<|vision_end|>",
        "<|vision_pad|>",
        "<|image_pad|>",
        "<|video_pad|>",
    ]
    vocabulary |= {token: len(vocabulary) + i for i, token in enumerate(special)}
    ids = {token: vocabulary[token] for token in special}
    text = {
        "vocab_size": len(vocabulary),
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 512,
        "pad_token_id": ids["<|endoftext|>"],
        "rope_parameters": {
            "rope_type": "default",
            "mrope_section": [2, 1, 1],
            "rope_theta": 10000.0,
            "mrope_interleaved": True,
        },
        **HIDDEN,
    }
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "num_heads": 4,
        "intermediate_size": 64,
        "out_hidden_size": 32,
        "patch_size": 8,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0],
    }
    config = T.Qwen3VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    seeded(T.Qwen3VLForConditionalGeneration, config).save_pretrained(folder)
    tokenizer = T.Qwen2Tokenizer(vocab=vocabulary, merges=[])
    tokenizer.add_special_tokens({"additional_special_tokens": special[1:]})
    template = (
        "{% for message in messages %}<|im_start|>{{ message.role }}\n{% for part in"
        " message.content %}{% if part.type == 'image'"
        " %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}{%"
        " endfor %}<|im_end|>\n{% endfor %}"
    )
    images = T.Qwen2VLImageProcessorPil(
        patch_size=8,
        temporal_patch_size=2,
        merge_size=2,
        size={"shortest_edge": 256, "longest_edge": 4096},
    )
    T.Qwen3VLProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        video_processor=T.Qwen3VLVideoProcessor(patch_size=8),
        chat_template=template,
    ).save_pretrained(folder)
    return folder


def resnet_file(folder):
    import torchvision

    path = folder / "resnet18.pth"
    torch.save(seeded(torchvision.models.resnet18).state_dict(), path)
    return path


WAVE = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
}


def wave_folder(folder, make=T.WavLMModel, config=T.WavLMConfig):
    """Return an encoder of the waveform: wav2vec 2.0, WavLM or HuBERT."""
    seeded(make, config(**WAVE)).save_pretrained(folder)
    T.Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return folder


def whisper_folder(folder, seconds=3):
    """Return a whole Whisper, head and all, as checkpoints are published."""
    config = T.WhisperConfig(
        d_model=16,
        encoder_layers=2,
        encoder_attention_heads=2,
        decoder_layers=1,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        vocab_size=30,
        max_source_positions=50 * seconds,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    seeded(T.WhisperForConditionalGeneration, config).save_pretrained(folder)
    T.WhisperFeatureExtractor(feature_size=80, chunk_length=seconds).save_pretrained(folder)
    return folder


CLIP_SIZES = {
    "image_size": 32,
    "patch_size": 8,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}


def clip_folder(folder, make=T.VideoMAEModel, config=T.VideoMAEConfig, pictures=8, **sizes):
    """Return VideoMAE or TimeSformer."""
    seeded(make, config(**CLIP_SIZES, num_frames=pictures, **sizes)).save_pretrained(folder)
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    T.VideoMAEImageProcessorPil(**size).save_pretrained(folder)
    return folder


def videomae_folder(folder):
    """Return VideoMAE with its decoder, as the checkpoint of pretraining is published."""
    decoder = {
        "decoder_hidden_size": 16,
        "decoder_num_hidden_layers": 1,
        "decoder_num_attention_heads": 2,
        "decoder_intermediate_size": 16,
    }
    return clip_folder(folder, T.VideoMAEForPreTraining, pictures=16, **decoder)


def vjepa_folder(folder):
    config = T.VJEPA2Config(
        patch_size=8,
        crop_size=32,
        frames_per_clip=8,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        pred_hidden_size=24,
        pred_num_hidden_layers=1,
        pred_num_attention_heads=2,
    )
    seeded(T.VJEPA2Model, config).save_pretrained(folder)
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    T.VJEPA2VideoProcessor(**size).save_pretrained(folder)
    return folder


def blocks(model):
    """Return the pattern of the blocks of a network: its longest list of modules."""
    lists = [
        (name, len(part))
        for name, part in model.named_modules()
        if isinstance(part, torch.nn.ModuleList)
    ]
    return max(lists, key=lambda one: one[1])[0] + ".*"
