"""All readers make the same table of the same content, and real transcripts become what is known of
them.
"""

import json
import logging
import os
import string
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from praatio import textgrid

from fusion.io.errors import InputError
from fusion.io.tables import read_tsv, write_tsv
from fusion.stimuli import decoding, transcripts
from fusion.stimuli.spec import TranscriptSpec

REAL = os.environ.get("FUSION_REAL_LAYOUT")
real = pytest.mark.skipif(
    not REAL, reason="FUSION_REAL_LAYOUT is not set: real transcripts are not at hand"
)

SPEC = TranscriptSpec(
    format="auto",
    tier=None,
    per_second=1.0,
    zero_s=0.0,
    labels=("sp", "sil", "spn", "<eps>", "<unk>", "<p:>", "{SL}"),
    language="en",
    sentence_gap_s=0.3,
    longest_sentence=50,
)


def read(path, form="auto", sentences=None, **more):
    return transcripts.read(path, replace(SPEC, format=form, **more), sentences).words


# Words that a splitter takes for nothing but words, and words that tables trip over.
PLAIN = st.text("bdfgklmt", min_size=5, max_size=9)
TRAPS = [
    "NA",
    "null",
    "n't",
    "10",
    "1e5",
    '"quoted"',
    "'s",
    "été",
    "naïve",
    "日本",
    "True",
]
ODD = st.one_of(
    st.sampled_from(TRAPS), st.text(string.ascii_letters + "'\"’é,.!?", min_size=1, max_size=8)
)
# in a table without quoting these read as a quoted quote
ODD = ODD.filter(
    lambda word: '""' not in word and any(c.isalnum() for c in word) and word not in SPEC.labels
)
quick = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def content(draw, words, full_stops):
    """A transcript: the table that every reader should return, times in whole milliseconds."""
    rows, now = [], draw(st.integers(0, 100_000))
    for k in range(draw(st.integers(1, 5))):
        said = draw(st.lists(words, min_size=1, max_size=8))
        if full_stops:
            said = [said[0].capitalize(), *said[1:]]
            said[-1] += "."
        for word in said:
            length = draw(st.integers(20, 900))
            rows.append((word, now / 1000, (now + length) / 1000, f"s{k:05d}", " ".join(said)))
            now += length + draw(st.integers(0, 1500))
    return pd.DataFrame(rows, columns=transcripts.COLUMNS)


def as_tsv(table, path):
    """Write as BIDS tables are: no quoting."""
    rows = [
        "\t".join(table.columns),
        *("\t".join(str(cell) for cell in row) for row in table.itertuples(index=False)),
    ]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def spans(table):
    return table.groupby("sentence_id").agg(
        onset=("onset_s", "min"), offset=("offset_s", "max"), item=("sentence", "first")
    )


def write_words(table, path):
    write_tsv(table, path, float_format="%.10g")


def write_events(table, path):
    rows = pd.DataFrame(
        {
            "onset": table["onset_s"],
            "duration": table["offset_s"] - table["onset_s"],
            "trial_type": "word",
            "word": table["word"],
            "sentence_id": table["sentence_id"],
            "sentence": table["sentence"],
        }
    )
    cut = pd.DataFrame(
        [
            {
                "onset": 0.0,
                "duration": 0,
                "trial_type": "cut",
                "word": "n/a",
                "sentence_id": "n/a",
                "sentence": "n/a",
            }
        ]
    )
    as_tsv(pd.concat([cut, rows]), path)


def write_ds003688(table, path):
    as_tsv(
        table.rename(columns={"word": "item", "onset_s": "onset", "offset_s": "offset"})[
            ["item", "onset", "offset"]
        ],
        path,
    )
    as_tsv(spans(table)[["item", "onset", "offset"]], path.with_name("sentences.tsv"))


def write_ds005574(table, path):
    rows = []
    for k, row in enumerate(table.itertuples(index=False)):
        for token in (row.word[:3], row.word[3:]) if len(row.word) > 3 else (row.word,):
            rows.append((len(rows), k, row.word, row.onset_s, row.offset_s, token))
    as_tsv(pd.DataFrame(rows, columns=["", "word_idx", "word", "start", "end", "token"]), path)


def write_treebank(table, path):
    rows = table.rename(columns={"word": "text", "onset_s": "start", "offset_s": "end"}).assign(
        rms=0.1
    )
    rows["sentence_idx"] = rows.pop("sentence_id").str[1:].astype(int) + 4.0
    rows.to_csv(path)


def write_whisper(table, path):
    """Segments that are no sentences: five words each."""
    words = [
        {"word": f" {row.word}", "start": row.onset_s, "end": row.offset_s, "probability": 0.9}
        for row in table.itertuples()
    ]
    segments = [
        {"id": k, "words": words[k : k + 5], "text": "".join(w["word"] for w in words[k : k + 5])}
        for k in range(0, len(words), 5)
    ]
    path.write_text(json.dumps({"text": "", "segments": segments, "language": "en"}))


def write_whisperx(table, path):
    segments = [
        {
            "start": g["onset_s"].min(),
            "end": g["offset_s"].max(),
            "text": g["sentence"].iloc[0],
            "words": [
                {"word": r.word, "start": r.onset_s, "end": r.offset_s, "score": 0.8}
                for r in g.itertuples()
            ],
        }
        for _, g in table.groupby("sentence_id")
    ]
    path.write_text(
        json.dumps(
            {"segments": segments, "word_segments": [w for s in segments for w in s["words"]]}
        )
    )


def write_textgrid(table, path):
    grid = textgrid.Textgrid()
    end = table["offset_s"].max() + 1
    grid.addTier(
        textgrid.IntervalTier(
            "Words",
            list(zip(table["onset_s"], table["offset_s"], table["word"], strict=True)),
            0,
            end,
        )
    )
    sentence = spans(table)
    grid.addTier(
        textgrid.IntervalTier(
            "sentences",
            list(zip(sentence["onset"], sentence["offset"], sentence["item"], strict=True)),
            0,
            end,
        )
    )
    grid.save(str(path), "long_textgrid", includeBlankSpaces=True)


WITH_SENTENCES = {
    "words": ("words.tsv", "words", write_words),
    "events": ("events.tsv", "events", write_events),
    "treebank": ("features.csv", "treebank", write_treebank),
}
BY_TIME = {
    "ds003688": ("words.tsv", "ds003688", write_ds003688),
    "textgrid": ("film.TextGrid", "textgrid", write_textgrid),
}
BY_SPLITTER = {
    "ds005574": ("transcript.tsv", "ds005574", write_ds005574),
    "whisper": ("film.json", "whisper", write_whisper),
    "whisperx": ("film.json", "whisper", write_whisperx),
}


def same(found, expected):
    pd.testing.assert_frame_equal(
        found.astype(expected.dtypes), expected, check_exact=False, rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("name", [*WITH_SENTENCES, *BY_TIME, *BY_SPLITTER])
@quick
@given(expected=content(PLAIN, full_stops=True))
def test_every_reader_returns_the_same_table(name, expected, tmp_path):
    file, form, write = {**WITH_SENTENCES, **BY_TIME, **BY_SPLITTER}[name]
    write(expected, tmp_path / file)
    found = read(tmp_path / file, form, tmp_path / "sentences.tsv" if name == "ds003688" else None)
    same(found, expected)


@pytest.mark.parametrize("name", [*WITH_SENTENCES, "ds003688"])
@quick
@given(expected=content(ODD, full_stops=False))
def test_words_that_tables_trip_over_survive(name, expected, tmp_path):
    assume((expected["word"] == "10").mean() <= 0.5)  # a table of numbers is refused
    file, form, write = {**WITH_SENTENCES, **BY_TIME}[name]
    write(expected, tmp_path / file)
    found = read(tmp_path / file, form, tmp_path / "sentences.tsv" if name == "ds003688" else None)
    assert found["word"].tolist() == expected["word"].tolist()
    same(found, expected)


@quick
@given(expected=content(ODD, full_stops=False))
def test_the_table_of_words_survives_being_written_and_read(expected, tmp_path):
    for _ in range(2):
        write_tsv(expected, tmp_path / "words.tsv", float_format="%.10g")
        again = read(tmp_path / "words.tsv", "words")
        same(again, expected)


def subtitle(form, sentence):
    def clock(seconds):
        ms = round(seconds * 1000)
        mark = "," if form == "srt" else "."
        hours, minutes, seconds = ms // 3_600_000, ms // 60_000 % 60, ms // 1000 % 60
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{ms % 1000:03d}"

    cues = [
        f"{k + 1}\n{clock(row.onset)} --> {clock(row.offset)}\n{row.item}\n"
        for k, row in enumerate(sentence.itertuples())
    ]
    return ("WEBVTT\n\n" if form == "vtt" else "") + "\n".join(cues)


@pytest.mark.parametrize("form", ["srt", "vtt"])
@quick
@given(expected=content(PLAIN, full_stops=True))
def test_subtitles_return_the_same_sentences(form, expected, tmp_path):
    path = tmp_path / f"film.{form}"
    path.write_text(subtitle(form, spans(expected)), encoding="utf-8")
    found = read(path, form)
    columns = ["word", "sentence_id", "sentence"]
    assert found[columns].to_numpy().tolist() == expected[columns].to_numpy().tolist()
    a, b = spans(found), spans(expected)
    np.testing.assert_allclose(a[["onset", "offset"]], b[["onset", "offset"]], atol=1e-9)
    assert (found["offset_s"] > found["onset_s"]).all()
    assert (found["onset_s"].diff().dropna() > 0).all()


def test_markup_of_subtitles_is_not_text(tmp_path):
    (tmp_path / "a.srt").write_text(
        "1\n00:00:01,000 --> 00:00:02,000\n<i>Who is</i>\n{\\an8}there?\n"
    )
    assert read(tmp_path / "a.srt", "srt")["word"].tolist() == ["Who", "is", "there?"]


def test_untimed_words_stay_in_the_sentence_and_are_counted(tmp_path, caplog):
    words = [
        {"word": "Give"},
        {"word": "me", "start": 1.0, "end": 1.2},
        {"word": "7"},
        {"word": "euros.", "start": 2.0, "end": 2.5},
    ]
    (tmp_path / "a.json").write_text(json.dumps({"segments": [{"words": words}]}))
    found = read(tmp_path / "a.json", "whisper")
    assert found["word"].tolist() == ["me", "euros."]
    assert set(found["sentence"]) == {"Give me 7 euros."}
    assert "2 of 4 words without a time are left out" in caplog.text


def test_words_that_end_before_they_begin_get_no_length(tmp_path, caplog):
    as_tsv(
        pd.DataFrame({"word": ["a", "b"], "onset_s": [1, 2], "offset_s": [0.5, "n/a"]}),
        tmp_path / "a.tsv",
    )
    found = read(tmp_path / "a.tsv", "words")
    assert found["offset_s"].tolist() == [1, 2]
    assert "1 words end before they begin" in caplog.text


def test_a_transcript_without_punctuation_is_cut_at_silences(tmp_path, caplog):
    onset = np.arange(120) * 0.3
    onset[47:] += 2  # the longest silence
    onset[90:] += 1
    as_tsv(
        pd.DataFrame({"word": "mot", "onset_s": onset, "offset_s": onset + 0.25}),
        tmp_path / "a.tsv",
    )
    with caplog.at_level(logging.INFO):
        found = read(tmp_path / "a.tsv", "words")
    assert found.groupby("sentence_id").size().tolist() == [47, 43, 30]
    assert "no punctuation: sentences end at silences of 0.3 s or more" in caplog.text


def test_a_byte_order_mark_and_csv_are_read(tmp_path):
    (tmp_path / "a.csv").write_bytes("\ufeffword,start,end\nhé,1,2\n".encode())
    assert read(tmp_path / "a.csv", "ds005574")["word"].tolist() == ["hé"]


def test_events_on_the_clock_of_a_recording_use_film_time_where_given(tmp_path):
    as_tsv(
        pd.DataFrame({"onset": [100.5], "duration": [0.5], "film_s": [2.25], "value": ["ja"]}),
        tmp_path / "a.tsv",
    )
    found = read(tmp_path / "a.tsv", "events")
    assert found[["word", "onset_s", "offset_s"]].to_numpy().tolist() == [["ja", 2.25, 2.75]]


@pytest.mark.parametrize(
    ("name", "form", "text", "message"),
    [
        ("a.tsv", "words", "", "empty file"),
        ("a.tsv", "words", "word\tonset_s\n", "no words"),
        ("a.tsv", "words", "word\tonset_s\na\tn/a\n", "no word with a time"),
        ("a.tsv", "words", "mot\tonset_s\na\t1\n", "column 'word'"),
        ("a.tsv", "ds003688", "item\tonset\n", "column 'offset'"),
        ("a.json", "whisper", "{", "no JSON"),
        ("a.json", "whisper", "[]", "no words"),
        (
            "a.json",
            "whisper",
            '{"segments": [{"text": "a", "start": 0, "end": 1}]}',
            "word_timestamps=True",
        ),
        ("a.json", "whisper", '{"segments": []}', "no words"),
        ("a.TextGrid", "textgrid", "hello", "no TextGrid"),
        ("a.srt", "srt", "hello", "no caption"),
        ("a.vtt", "vtt", "WEBVTT\n", "no caption"),
        ("a.csv", "treebank", "text,start\na,1\n", "column 'end'"),
    ],
)
def test_what_is_no_transcript_is_refused_in_one_line(name, form, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path / name, form)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / f"missing-{name}", form)


def test_an_unknown_tier_or_language_is_refused(tmp_path):
    grid = textgrid.Textgrid()
    grid.addTier(textgrid.IntervalTier("phones", [(0, 1, "a")], 0, 2))
    grid.addTier(textgrid.IntervalTier("notes", [(0, 1, "b.")], 0, 2))
    grid.save(str(tmp_path / "a.TextGrid"), "short_textgrid", includeBlankSpaces=True)
    with pytest.raises(InputError, match="tiers phones, notes"):
        read(tmp_path / "a.TextGrid", "textgrid")
    assert read(tmp_path / "a.TextGrid", "textgrid", tier="notes")["word"].tolist() == ["b."]
    with pytest.raises(InputError, match="'xx'"):
        read(tmp_path / "a.TextGrid", "textgrid", tier="notes", language="xx")


@real
def test_ds003688_has_446_words_in_67_sentences():
    sound = Path(REAL, "ds003688/stimuli/annotations/sound")
    words = read(
        sound / "sound_annotation_words.tsv", "ds003688", sound / "sound_annotation_sentences.tsv"
    )
    assert len(words) == 446
    assert words["sentence_id"].nunique() == 67
    raw = read_tsv(sound / "sound_annotation_words.tsv", dtype={"item": str})
    assert words["word"].tolist() == raw["item"].tolist()
    np.testing.assert_array_equal(words["onset_s"], raw["onset"])
    assert words["sentence"].iloc[5] == "Nee, ik heb al driemaal ontbeten."


@real
def test_ds003688_words_fall_in_the_speech_blocks_of_the_recording():
    # The recording's own clock: second 0 of the film is the first block of music.
    from fusion.ieeg import clock
    from fusion.ieeg.spec import FilmZero

    sound = Path(REAL, "ds003688/stimuli/annotations/sound")
    words = read(
        sound / "sound_annotation_words.tsv", "ds003688", sound / "sound_annotation_sentences.tsv"
    )
    file = next(Path(REAL, "ds003688/sub-01/ses-iemu/ieeg").glob("*_task-film_run-1_events.tsv"))
    events = read_tsv(file)
    rule = FilmZero("first_event", "trial_type", "music")
    table = clock.clock_table(rule, events, file, events["onset"].max() + 60, "ieeg")
    recording, _ = clock.to_recording(table, words["onset_s"].to_numpy())
    speech = events[events["trial_type"] == "speech"]
    inside = [
        ((speech["onset"] <= t) & (t < speech["onset"] + speech["duration"])).any()
        for t in recording
    ]
    assert sum(inside) == 446
    assert set(words["onset_s"] // 30 % 2) == {1}


@real
@pytest.mark.parametrize(
    ("folder", "count", "back"), [("whisper-medium", 5134, 0), ("en_core_web_lg", 5136, 19)]
)
def test_podcast_transcripts_merge_tokens_and_count_steps_back(folder, count, back, caplog):
    path = Path(REAL, "ds005574/stimuli", folder, "transcript.tsv")
    with caplog.at_level(logging.WARNING):
        words = read(path, "ds005574")
    raw = pd.read_csv(path, sep="\t", keep_default_na=False)
    assert len(words) == count == raw["word_idx"].nunique()
    assert words["word"].tolist() == raw.drop_duplicates("word_idx")["word"].str.strip().tolist()
    assert int((words["onset_s"].diff() < 0).sum()) == back
    assert (f"{back} words begin before the word above them" in caplog.text) == (back > 0)
    assert words.groupby("sentence_id").size().max() <= 50


@real
def test_real_tables_lose_no_row_to_quoting():
    for path in sorted(Path(REAL).glob("ds00*/stimuli/**/*.tsv")):
        lines = [line for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
        assert len(decoding.read_cells(path)) == len(lines) - 1, path
