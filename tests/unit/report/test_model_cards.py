"""The table of models says what became of their texts."""

from fusion.report import provenance


def test_cut_texts_and_unknown_tokens_stand_in_the_table():
    text = {"name": "sbert", "layers": [{}], "notes": {"cut_texts": 3, "unknown_tokens": 0.01}}
    image = {"name": "beit", "layers": [{}, {}], "notes": {"image_px": 224}}
    table = provenance.card_rows([text, image, {"name": "old"}]).set_index("model")
    assert table.loc["sbert", ["cut_texts", "unknown_tokens"]].tolist() == [3, 0.01]
    assert table.loc[["beit", "old"], ["cut_texts", "unknown_tokens"]].isna().all(axis=None)
    assert table["layers"].tolist()[:2] == [1, 2]
