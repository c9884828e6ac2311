"""Texts become tokens in one place: cuts keep the words just heard, and are counted."""

import json

import numpy as np
import pytest
import tiny_checkpoints as tiny
import transformers as T
from helpers.networks import row_of, weights_at

from fusion.io.errors import InputError
from fusion.models.families import lavis, open_clip_family, slip, transformers_text
from fusion.models.families import registry as families
from fusion.models.run import hooks
from fusion.models.run.look import look
from fusion.models.run.network import Items

LONG = [" ".join(["red"] * n) + " circle moves left" for n in range(100)]


def texts_of(folder, **given):
    row = row_of(
        family="transformers_text", feed="text", layers={"encoder.layer.*": "cls"}, **given
    )
    model = transformers_text.model_of(row, weights_at(folder), True)
    return transformers_text.text_input(row, weights_at(folder), model)


def test_as_the_tokenizer_itself(tmp_path):
    folder = tiny.bert_folder(tmp_path)
    texts, tokenizer = texts_of(folder), T.AutoTokenizer.from_pretrained(folder)
    given = ["the red circle", "", "a blue square moves up"]
    ids, counted = texts(given)
    direct = tokenizer(given, padding=True, return_tensors="pt")
    assert np.array_equal(ids, direct["input_ids"])
    assert np.array_equal(counted, direct["attention_mask"])
    for side in ("left", "right"):
        texts, tokenizer.truncation_side = texts_of(folder, text_length=9), side
        texts.truncate = side
        ids, _ = texts(LONG[:30])
        direct = tokenizer(
            LONG[:30], padding=True, truncation=True, max_length=9, return_tensors="pt"
        )
        assert np.array_equal(ids, direct["input_ids"]), side


FAMILIES = {
    "bert": lambda f: texts_of(tiny.bert_folder(f)),
    "gpt2": lambda f: texts_of(tiny.gpt2_folder(f), ignore_keys=["lm_head.*"]),
    "slip": lambda f: slip.tokenizer(None, {"context": 77, "vocabulary": 49408}, ""),
    "clip": lambda f: open_clip_family.text_input(row_of(), weights_at(tiny.open_clip_folder(f))),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_words_just_heard_stay(tmp_path, family):
    texts = FAMILIES[family](tmp_path)
    growing = [" ".join((["red", "moves", "up"] * 60)[: n + 1]) for n in range(120)]
    last = [
        texts.ids(text)[len(texts.begin) : len(texts.ids(text)) - len(texts.end)][-1]
        for text in growing
    ]
    assert [last[i] != last[i + 1] for i in range(119)] == [True] * 119
    assert all(len(texts.ids(text)) <= texts.length for text in growing)
    cut = sum(
        len(texts.encode(text)) > texts.length - len(texts.begin) - len(texts.end)
        for text in growing
    )
    counts = texts.counts(growing)
    assert (counts.events, counts.cut) == (120, cut)
    assert cut > 0
    texts.truncate = "right"
    assert texts.ids(growing[-1]) == texts.ids(growing[-2])


def test_captions_keep_their_last_words(tmp_path):
    folder = tiny.bert_folder(tmp_path)
    row = row_of()
    model = transformers_text.model_of(row, weights_at(folder), True)
    texts = lavis.text_input(row, weights_at(folder), model)
    spoken = ["red"] * 60 + ["blue"] * 10
    assert texts.ids(" ".join(spoken)).count(tiny.VOCABULARY["blue"]) == 10
    assert len(texts.ids(" ".join(spoken))) == 52
    assert texts.counts([" ".join(spoken), "red"]).cut == 1
    right = lavis.text_input(row, weights_at(folder), model)
    right.truncate = "right"
    assert right.ids(" ".join(spoken)).count(tiny.VOCABULARY["blue"]) == 0


def test_sentence_transformers_limit_and_robertas_offset(tmp_path):
    folder = tiny.bert_folder(tmp_path / "bert")
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 16}))
    assert texts_of(folder).length == 16
    with pytest.raises(InputError, match="at most 16"):
        texts_of(folder, text_length=20)
    words = {
        t: i for i, t in enumerate(["<s>", "<pad>", "</s>", "<unk>", "<mask>", *tiny.byte_pairs()])
    }
    config = T.RobertaConfig(
        vocab_size=len(words), max_position_embeddings=42, pad_token_id=1, **tiny.HIDDEN
    )
    roberta = tmp_path / "roberta"
    tiny.seeded(T.RobertaModel, config).save_pretrained(roberta)
    T.RobertaTokenizer(vocab=words, merges=[], model_max_length=512).save_pretrained(roberta)
    texts = texts_of(roberta)
    assert texts.length == 40
    row = row_of(family="transformers_text", feed="text", layers={"encoder.layer.*": "cls"})
    network = families.build("net", row, weights_at(roberta), "trained", 0)
    look(network, hooks.expand(network.module, row), row)
    network.run(network.prepare(Items(None, None, ["red circle " * 40])))


def test_unknown_tokens_are_counted_and_stop_the_run(tmp_path):
    texts = texts_of(tiny.bert_folder(tmp_path))
    known = ["the red circle moves left"] * 30
    assert texts.counts([*known, "anna"]).share_unknown == pytest.approx(1 / 151)
    texts.check([*known, "anna"], row_of())
    with pytest.raises(
        InputError, match=r"model tiny, tokenizer: found 100% .*\(고양이가, 달린다\)"
    ):
        texts.check(["고양이가 달린다"], row_of())


def test_a_tokenizer_that_lowers_the_case_of_a_cased_vocabulary(tmp_path):
    folder = tiny.bert_folder(tmp_path)
    words = {word: i for i, word in enumerate([*tiny.SPECIAL, "Anna", "Jan", *tiny.WORDS])}
    T.BertTokenizer(vocab=words, do_lower_case=False).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 40}))
    T.BertModel(T.BertConfig.from_pretrained(folder)).save_pretrained(folder)
    cased = texts_of(folder)
    assert cased.encode("Anna") != cased.encode("Jan")
    T.BertTokenizer(vocab=words, do_lower_case=True).save_pretrained(folder)
    with pytest.raises(InputError, match="capitals"):
        texts_of(folder)


def test_padding_only_where_a_flattened_layer_has_tokens(tmp_path):
    folder = tiny.bert_folder(tmp_path)
    widths = {}
    for layer, pooling in (
        ("pooler.activation", "flatten"),
        ("encoder.layer.1", "flatten"),
        ("encoder.layer.1", "cls"),
    ):
        row = row_of(
            family="transformers_text", feed="text", layers={layer: pooling}, text_length=40
        )
        network = families.build("net", row, weights_at(folder), "trained", 0)
        known = look(network, hooks.expand(network.module, row), row)
        batch = network.prepare(Items(None, None, ["red circle"]))
        widths[layer, pooling] = batch["input_ids"].shape[1]
        if pooling == "flatten" and layer.startswith("encoder"):
            assert known[layer].shape == (40, 32)
    assert list(widths.values()) == [4, 40, 4]


def test_a_text_tower_that_is_not_in_the_folder_is_one_error(tmp_path, monkeypatch):
    """As open_clip's xlm-roberta networks, whose text tower it would fetch from the hub."""
    import open_clip

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    folder = tiny.open_clip_folder(tmp_path)
    path = folder / "open_clip_config.json"
    described = json.loads(path.read_text())
    described["model_cfg"]["text_cfg"] = {
        "hf_model_name": "xlm-roberta-base",
        "hf_tokenizer_name": "xlm-roberta-base",
        "hf_pooler_type": "mean_pooler",
    }
    path.write_text(json.dumps(described))
    with pytest.raises(InputError, match=f"a model of open_clip {open_clip.__version__}") as error:
        open_clip_family.load(row_of(family="open_clip"), weights_at(folder), True)
    assert "\n" not in str(error.value)
    assert "open_clip_config.json" in str(error.value)
