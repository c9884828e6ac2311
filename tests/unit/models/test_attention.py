"""How attention is computed is for the workflow to say, never for a checkpoint or a default."""

import json

import pytest
import tiny_checkpoints as tiny
import transformers as T
from helpers.networks import row_of, weights_at

from fusion.models.families import registry as families
from fusion.models.families.transformers_text import ATTENTION, model_of


@pytest.fixture
def told(monkeypatch):
    """What networks of transformers are told about their attention while they are built."""
    heard, check = [], T.PreTrainedModel._check_and_adjust_attn_implementation

    def listening(self, attn_implementation, **options):
        heard.append(attn_implementation)
        return check(self, attn_implementation, **options)

    monkeypatch.setattr(T.PreTrainedModel, "_check_and_adjust_attn_implementation", listening)
    return heard


FOLDERS = {
    "transformers_text": tiny.bert_folder,
    "flava": tiny.flava_folder,
    "blip": tiny.blip_file,
    "albef": tiny.albef_file,
    "visualbert": tiny.visualbert_folder,
    "vlm_decoder": tiny.qwen_folder,
    "transformers_audio": tiny.wave_folder,
    "transformers_video": tiny.vjepa_folder,
}
GIVEN = {
    "transformers_text": {"feed": "text"},
    "visualbert": {"feed": "text"},
    "transformers_audio": {"feed": "sound", "modality": "audio"},
    "transformers_video": {"feed": "clip", "modality": "video"},
}


@pytest.mark.parametrize("init", ["trained", "random0"])
@pytest.mark.parametrize("family", FOLDERS)
def test_every_network_is_told_its_attention(tmp_path, told, family, init):
    place = FOLDERS[family](tmp_path)
    told.clear()
    words = tiny.bert_tokenizer(tmp_path / "words")
    given = weights_at(place, words if family in ("blip", "albef", "visualbert") else None)
    row = row_of(family=family, ignore_keys=["*"], **GIVEN.get(family, {}))
    families.build("tiny", row, given, init, 0)
    assert told
    assert set(told) <= set(ATTENTION)


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("asked", ["flash_attention_2", "eager", None])
def test_what_a_checkpoint_asks_for_does_not_matter(tmp_path, asked, trained):
    folder = tiny.bert_folder(tmp_path)
    described = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(described | {"_attn_implementation": asked}))
    assert model_of(row_of(), weights_at(folder), trained).config._attn_implementation == "sdpa"


@pytest.mark.parametrize("trained", [True, False])
def test_a_network_without_that_attention_takes_the_plain_one(tmp_path, trained):
    folder = tiny.wave_folder(tmp_path, T.WavLMModel, T.WavLMConfig)
    assert model_of(row_of(), weights_at(folder), trained).config._attn_implementation == "eager"
