"""Transcripts of other tools and other habits: the right words at the right times, or a refusal."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_spoken_words import TRUTH, stamp
from test_transcripts import SPEC, read

from fusion.io.errors import InputError
from fusion.stimuli import plausible, transcripts

WORDS = [word for word, _, _ in TRUTH]
ONSETS = [a for _, a, _ in TRUTH]


def lines(rows, sep="\t"):
    return "\n".join(sep.join(map(str, row)) for row in rows) + "\n"


def same(found, atol=1e-6):
    assert found["word"].tolist() == WORDS
    np.testing.assert_allclose(found["onset_s"], ONSETS, atol=atol)


# -- the Montreal Forced Aligner with several speakers


def test_words_of_all_speakers_of_mfa_are_taken(tmp_path):
    def tier(name, rows):
        cells = "".join(
            f"        intervals [{k}]:\n            xmin = {a}\n            xmax = {b}\n"
            f'            text = "{w}"\n'
            for k, (w, a, b) in enumerate(rows, 1)
        )
        return (
            f'        class = "IntervalTier"\n        name = "{name}"\n        xmin = 0\n'
            f"        xmax = 6\n        intervals: size = {len(rows)}\n{cells}"
        )

    tiers = {
        "Anna - words": TRUTH[:3],
        "Anna - phones": [("u", 1.0, 1.1)],
        "Bert - words": TRUTH[3:],
        "Bert - phones": [("l", 3.0, 3.1)],
    }
    head = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 6\n'
    head += f"tiers? <exists>\nsize = {len(tiers)}\nitem []:\n"
    body = "".join(
        f"    item [{k}]:\n{tier(name, rows)}" for k, (name, rows) in enumerate(tiers.items(), 1)
    )
    (tmp_path / "a.TextGrid").write_text(head + body)
    found = transcripts.read(tmp_path / "a.TextGrid", SPEC)
    same(found.words)
    assert "tiers Anna - words, Bert - words" in found.notes
    (tmp_path / "a.json").write_text(
        json.dumps(
            {
                "start": 0,
                "end": 6,
                "tiers": {
                    name: {"type": "interval", "entries": [[a, b, w] for w, a, b in rows]}
                    for name, rows in tiers.items()
                },
            }
        )
    )
    same(read(tmp_path / "a.json"))


# -- ELAN with a column a tier


def test_the_words_column_of_elan_is_taken_wherever_it_stands(tmp_path):
    head = ("Begin Time - hh:mm:ss.ms", "End Time - hh:mm:ss.ms", "words", "notes")
    rows = [head, *((stamp(a), stamp(b), w, "remark") for w, a, b in TRUTH)]
    (tmp_path / "a.txt").write_text(lines(rows))
    same(read(tmp_path / "a.txt"))
    (tmp_path / "a.txt").write_text(lines([(*head[:2], "A_Transcript", "notes"), *rows[1:]]))
    with pytest.raises(InputError, match="tiers A_Transcript, notes"):
        read(tmp_path / "a.txt")
    same(read(tmp_path / "a.txt", tier="A_Transcript"))


# -- karaoke, drawings, voices


def ass(events):
    head = "[Script Info]\nScriptType: v4.00+\n\n[Events]\n"
    head += "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    return head + "".join(
        f"Dialogue: 0,0:00:{a:05.2f},0:00:{b:05.2f},Default,,0,0,0,,{text}\n"
        for a, b, text in events
    )


def test_karaoke_times_its_words_and_drawings_are_no_words(tmp_path):
    text = ass(
        [
            (1.0, 3.0, "{\\k50}Ne{\\k30}ver {\\kf40}gon{\\k20}na {\\K60}stop."),
            (1.0, 9.0, "{\\p1}m 0 0 l 100 0 100 100{\\p0}"),
            (4.0, 5.0, "{\\i1}Next{\\i0}\\Nline."),
        ]
    )
    (tmp_path / "a.ass").write_text(text)
    found = read(tmp_path / "a.ass")
    assert found["word"].tolist() == ["Never", "gonna", "stop.", "Next", "line."]
    np.testing.assert_allclose(found["onset_s"][:4], [1.0, 1.8, 2.4, 4.0], atol=1e-6)
    np.testing.assert_allclose(found["offset_s"][:2], [1.8, 2.4], atol=1e-6)
    assert found["sentence"].unique().tolist() == ["Never gonna stop.", "Next line."]


def test_voices_notes_and_regions_of_webvtt_are_no_words(tmp_path):
    text = (
        "WEBVTT - a title\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:left\n\n"
        "NOTE a comment\nof two lines\n\n"
        f"intro\n{stamp(1)} --> {stamp(2)} line:0 region:left\n"
        "<v.loud Anna Maria>Who is <c.yellow>there</c>?</v>\n\n"
        f"2\n{stamp(3)} --> {stamp(4)}\n<v Bert>(whispers) Me.\n<lang en>Only me.</lang>\n\n"
    )
    (tmp_path / "a.vtt").write_text(text)
    found = read(tmp_path / "a.vtt")
    assert " ".join(found["word"]) == "Who is there? Me. Only me."


def test_what_stands_on_screen_is_not_spoken(tmp_path):
    text = ass([(1.0, 2.0, "EXIT"), (1.0, 2.0, "Hello there.")])
    (tmp_path / "a.ass").write_text(text.replace("Default,,0,0,0,,EXIT", "Signs,,0,0,0,,EXIT"))
    found = transcripts.read(tmp_path / "a.ass", SPEC)
    assert found.words["word"].tolist() == ["Hello", "there."]
    assert any("text on screen by its style (EXIT)" in note for note in found.left_out)


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ("# Oh, what a night #", "Oh, what a night"),
        ("#Late December#", "Late December"),
        ("in the key of C#", "in the key of C#"),
        ("#1 in the list", "#1 in the list"),
        ("\u202bשלום לכולם\u202c.", "שלום לכולם."),
        ("Hello\u200e there", "Hello there"),
        ("soft\u00adhyphen", "softhyphen"),
    ],
)
def test_signs_of_music_and_direction_are_no_letters(caption, said, tmp_path):
    (tmp_path / "a.srt").write_text(f"1\n00:00:01,000 --> 00:00:02,000\n{caption}\n")
    assert " ".join(read(tmp_path / "a.srt")["word"]) == said


def test_names_before_turns_are_no_words_of_a_table_either(tmp_path):
    said = ["Anna:", "Hello.", "Bert:", "Hi.", "Look:", "rain.", "Anna:", "Bye."]
    rows = [("word", "onset_s", "offset_s"), *((w, k, k + 0.2) for k, w in enumerate(said))]
    (tmp_path / "a.tsv").write_text(lines(rows))
    assert "Anna:" not in read(tmp_path / "a.tsv")["word"].tolist()
    said = ["Look:", "it", "rains.", "Listen:", "it", "pours.", "Wait."]
    rows = [("word", "onset_s", "offset_s"), *((w, k, k + 0.2) for k, w in enumerate(said))]
    (tmp_path / "a.tsv").write_text(lines(rows))
    assert read(tmp_path / "a.tsv")["word"].tolist() == said


def test_a_column_that_stands_twice_is_refused(tmp_path):
    (tmp_path / "a.tsv").write_text("word\tonset\tonset\nhi\t1\t2\n")
    with pytest.raises(InputError, match="column 'onset': found 2 of them"):
        read(tmp_path / "a.tsv")


def test_json_lines_are_a_list(tmp_path):
    rows = [json.dumps({"word": w, "start": a, "end": b}) for w, a, b in TRUTH]
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    same(read(tmp_path / "a.jsonl"))


# -- rows that hold sentences


def test_rows_of_sentences_are_read_as_captions_are(tmp_path):
    rows = [("start", "end", "text"), (0, 2000, "So this is how it begins."),
            (2000, 4000, "[door] Nobody knew what it was."),
            (4000, 4500, "Or why it was.")]  # fmt: skip
    (tmp_path / "a.tsv").write_text(lines(rows))  # as Whisper's own TSV, in milliseconds
    found = transcripts.read(tmp_path / "a.tsv", replace(SPEC, per_second=1e3))
    words = found.words
    assert words["word"].tolist()[:6] == ["So", "this", "is", "how", "it", "begins."]
    assert words.groupby("sentence_id")["onset_s"].min().tolist() == pytest.approx([0, 2, 4])
    assert any("rows hold sentences" in note for note in found.notes)
    assert "Nobody knew what it was." in set(words["sentence"])


def test_sentences_without_an_end_take_that_of_the_next(tmp_path):
    rows = [
        ("onset", "text"),
        (1, "one two three four"),
        (3, "five six seven eight"),
        (5, "a b c d"),
    ]
    (tmp_path / "a.tsv").write_text(lines(rows))
    assert read(tmp_path / "a.tsv")["onset_s"].tolist()[4] == 3.0


# -- what is no column of words, or of ends


def test_codes_are_no_words(tmp_path):
    rows = [("onset", "duration", "trial_type", "value"),
            *((k, 1, "speech", 9) for k in range(1, 9))]  # fmt: skip
    (tmp_path / "a.tsv").write_text(lines(rows))
    for form in ("auto", "events"):
        with pytest.raises(InputError, match="8 of 8 are numbers"):
            read(tmp_path / "a.tsv", form)


def test_lengths_are_no_ends(tmp_path):
    rows = [("word", "onset_s", "offset_s"), *((f"w{k}", k, 0.3) for k in range(1, 20))]
    (tmp_path / "a.tsv").write_text(lines(rows))
    with pytest.raises(InputError, match="column 'duration'"):
        read(tmp_path / "a.tsv")


def test_a_unit_that_stands_in_the_column_counts_once(tmp_path):
    rows = [("word", "start (ms)", "end [ms]"), *((w, 1000 * a, 1000 * b) for w, a, b in TRUTH)]
    (tmp_path / "a.tsv").write_text(lines(rows))
    for per_second in (1.0, 1000.0):
        same(read(tmp_path / "a.tsv", per_second=per_second))
    with pytest.raises(InputError, match=r"transcript\.unit"):
        read(tmp_path / "a.tsv", per_second=16_000.0)


@pytest.mark.parametrize(
    ("factor", "says"),
    [(1000, "unit: ms"), (16_000, "unit: 16000"), (25, "unit: 25"), (1 / 60, "unit: 0.016")],
)
def test_without_a_film_the_length_of_words_tells_the_unit(factor, says):
    onset = np.linspace(1, 900, 2000) * factor
    length = np.full(2000, 0.28) * factor
    with pytest.raises(InputError, match=says):
        plausible.check_words(onset, onset.max() + 1, 25.0, "w.tsv", "film", length_s=length)


def test_a_film_that_ends_before_its_words_is_an_error():
    onset = np.linspace(1, 100, 200)
    with pytest.raises(InputError, match="20 of 200 words outside the film, which ends at 90"):
        plausible.check_words(onset, 90.2, 25.0, "w.tsv", "film")
    assert plausible.check_words(onset, 98.0, 25.0, "w.tsv", "film") == ""


# -- other tools


@pytest.mark.parametrize("name", ["vosk", "a list", "AssemblyAI in ms", "words and segments"])
def test_json_of_other_tools(name, tmp_path):
    bare = [{"word": w, "start": a, "end": b, "conf": 1.0} for w, a, b in TRUTH]
    text = " ".join(WORDS)
    content = {
        "vosk": {"result": bare, "text": text},
        "a list": bare,
        "AssemblyAI in ms": {
            "text": text,
            "words": [{"text": w, "start": 1000 * a, "end": 1000 * b} for w, a, b in TRUTH],
        },
        "words and segments": {
            "segments": [{"words": bare}, {"text": "no times", "words": []}], "text": text,
        },
    }[name]  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(content))
    found = transcripts.read(
        tmp_path / "a.json",
        replace(SPEC, per_second=1e3 if "ms" in name else 1.0),
    )
    same(found.words)
    if name == "words and segments":
        assert any("1 segments without times of words" in note for note in found.notes)


def test_gentle_s_words_that_were_not_found_stay_in_the_sentence(tmp_path):
    text = "Give me seven euros. Thank you."
    words = []
    for k, word in enumerate(["Give", "me", "seven", "euros", "Thank", "you"]):
        at = text.index(word)
        one = {"word": word, "startOffset": at, "endOffset": at + len(word)}
        found = {"case": "success", "start": 1 + k / 2, "end": 1.4 + k / 2}
        words.append({**one, **({"case": "not-found-in-audio"} if word == "seven" else found)})
    (tmp_path / "a.json").write_text(json.dumps({"transcript": text, "words": words}))
    found = transcripts.read(tmp_path / "a.json", SPEC)
    assert found.words["word"].tolist() == ["Give", "me", "euros.", "Thank", "you."]
    assert set(found.words["sentence"]) == {"Give me seven euros.", "Thank you."}
    assert "1 of 6 words have no time and are left out" in found.notes


def test_whisperx_s_numbers_without_times_stay_in_the_sentence(tmp_path):
    words = [{"word": "In", "start": 1.0, "end": 1.1}, {"word": "1984"},
             {"word": "it", "start": 1.9, "end": 2.0},
             {"word": "rained.", "start": 2.0, "end": 2.5}]  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps({"segments": [{"words": words}]}))
    found = transcripts.read(tmp_path / "a.json", SPEC)
    assert found.words["word"].tolist() == ["In", "it", "rained."]
    assert set(found.words["sentence"]) == {"In 1984 it rained."}


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([" Rock", "-", "and", "-", "roll", " isn", "'t", " $", "5", "."],
         ["Rock-and-roll", "isn't", "$5."]),
        ([" L", "'", "été", " s", "'", "achève", " ;", " qu", "'", "on"],
         ["L'été", "s'achève", "qu'on"]),
        ([" [", "BLANK", "_", "AUDIO", "]", " Hello", " (", "laughs", ")", " there."],
         ["Hello", "there."]),
        (["我", "在", "看", "iPhone", "。"], ["我", "在", "看", "iPhone。"]),
        (["ผม", "ชอบ", "หนัง"], ["ผม", "ชอบ", "หนัง"]),
    ],
)  # fmt: skip
def test_pieces_of_whisper(pieces, words, tmp_path):
    rows = [{"word": p, "start": 1 + k / 5, "end": 1.2 + k / 5} for k, p in enumerate(pieces)]
    (tmp_path / "a.json").write_text(json.dumps({"segments": [{"words": rows}]}))
    assert read(tmp_path / "a.json", language="en")["word"].tolist() == words


def test_white_space_after_the_words_joins_pieces_too(tmp_path):
    rows = [{"word": w, "start": k, "end": k + 0.5}
            for k, w in enumerate(["A ", "well", "-known ", "film. "])]  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps({"segments": [{"words": rows}]}))
    assert read(tmp_path / "a.json")["word"].tolist() == ["A", "well-known", "film."]


def test_a_textgrid_cut_short_is_refused(tmp_path):
    cells = "".join(
        f"        intervals [{k}]:\n            xmin = {a}\n            xmax = {b}\n"
        f'            text = "{w}"\n'
        for k, (w, a, b) in enumerate(TRUTH, 1)
    )
    head = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 6\n'
    head += 'tiers? <exists>\nsize = 1\nitem []:\n    item [1]:\n        class = "IntervalTier"\n'
    head += '        name = "words"\n        xmin = 0\n        xmax = 6\n'
    head += f"        intervals: size = {len(TRUTH)}\n"
    path = tmp_path / "a.TextGrid"
    path.write_text(head + cells)
    same(read(path))
    path.write_text((head + cells)[: len(head) + len(cells) // 2])
    with pytest.raises(InputError, match="of 7 intervals"):
        read(path)


def test_the_line_that_excel_puts_first_is_no_header(tmp_path):
    rows = [("word", "onset_s", "offset_s"), *((w, str(a).replace(".", ","), b)
            for w, a, b in TRUTH)]  # fmt: skip
    (tmp_path / "a.csv").write_text("sep=;\n" + lines(rows, ";"))
    same(read(tmp_path / "a.csv"))


# -- encodings


def test_utf_8_with_a_broken_byte_is_not_taken_for_cp1252(tmp_path):
    text = "word\tonset_s\n" + "".join(f"été{k}\t{k}\n" for k in range(20))
    raw = text.encode().replace("été7".encode(), b"\xe9t\xe97", 1)
    (tmp_path / "a.tsv").write_bytes(raw)
    with pytest.raises(InputError, match="line 9: found text in UTF-8 with 2 bytes"):
        read(tmp_path / "a.tsv")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Привет, как дела сегодня", "cp1251"),
        ("Się dziś działo, żółw źle śpi", "cp1250"),
        ("今日は川を見ます", "shift_jis"),
        ("今天我们看河", "gbk"),
        ("안녕하세요 여러분", "cp949"),
        ("Καλημέρα σας κύριε", "cp1253"),
        ("שלום לכולם", "cp1255"),
    ],
)
def test_text_in_another_code_page_is_refused_not_garbled(text, encoding, tmp_path):
    rows = [("word", "onset_s"), *((word, k) for k, word in enumerate(text.split() * 3))]
    (tmp_path / "a.tsv").write_bytes(lines(rows).encode(encoding))
    with pytest.raises(InputError, match="UTF-8"):
        read(tmp_path / "a.tsv")


@pytest.mark.parametrize(
    "text",
    ["Où est-ce qu’on va? À l’été – déjà…", "¿Qué? ¡Año señor!", "Größe, Übung, süß",
     "10 m² für 5 £", "Så är det på ön", "«Oui», dit-il"],
)  # fmt: skip
def test_western_text_in_cp1252_is_read(text, tmp_path):
    rows = [("word", "onset_s"), *((word, k) for k, word in enumerate(text.split()))]
    (tmp_path / "a.tsv").write_bytes(lines(rows).encode("cp1252"))
    found = transcripts.read(tmp_path / "a.tsv", SPEC)
    assert found.words["word"].tolist()[0] == text.split()[0]
    assert any("cp1252" in note for note in found.notes)


@pytest.mark.parametrize("head", ['<?xml version="1.0"?><ANNOTATION_DOCUMENT/>', "<tt xmlns=''/>"])
def test_xml_is_refused_with_what_to_export(head, tmp_path):
    (tmp_path / "a.eaf").write_text(head)
    with pytest.raises(InputError, match="tab-delimited"):
        read(tmp_path / "a.eaf")


def test_a_table_of_words_with_a_sentence_column_is_words(tmp_path):
    frame = pd.DataFrame(
        {"word": WORDS, "onset_s": ONSETS, "sentence_id": [1] * 3 + [2] * 4,
         "sentence": ["Où est Anna?"] * 3 + ["Elle arrive demain, merci."] * 4}
    )  # fmt: skip
    frame.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    same(read(tmp_path / "a.tsv"))


def test_ctm_of_several_files_asks_which_and_short_rows_are_refused(tmp_path):
    rows = [("a", 1, 0.5, 0.2, "no"), *(("b", 1, a, b - a, w) for w, a, b in TRUTH)]
    (tmp_path / "a.ctm").write_text(lines(rows, " "))
    with pytest.raises(InputError, match="tiers a, b"):
        read(tmp_path / "a.ctm")
    same(read(tmp_path / "a.ctm", tier="b"), atol=1e-3)
    (tmp_path / "a.ctm").write_text("a 1 0.5 0.2 no\na 1 0.9\n")
    with pytest.raises(InputError, match="row 2: found a 1 0.9"):
        read(tmp_path / "a.ctm", "ctm")


def test_a_song_s_line_is_not_stretched_over_the_music_after_it(tmp_path):
    text = "[ti:Song]\n[00:01.00][00:30.00]One two\n[00:02.00]\n[00:20.00]three four\n"
    (tmp_path / "a.lrc").write_text(text)
    found = read(tmp_path / "a.lrc")
    assert found["word"].tolist() == ["One", "two", "three", "four", "One", "two"]
    assert found["offset_s"].max() == pytest.approx(40.0)
    assert found["onset_s"].tolist()[:3] == [1.0, 1.5, 20.0]


def test_subtitles_that_count_pictures_are_refused(tmp_path):
    (tmp_path / "a.sub").write_text("{25}{48}So this is it.\n{75}{105}Nobody knew why.\n")
    with pytest.raises(InputError, match="MicroDVD, which counts pictures"):
        read(tmp_path / "a.sub")


def test_a_row_of_a_table_without_header_is_counted_as_it_stands(tmp_path):
    (tmp_path / "a.txt").write_text("1.0\t1.2\tso\nlater\t2.0\tso\n")
    with pytest.raises(InputError, match="row 2: found 'later'"):
        read(tmp_path / "a.txt")


def test_five_columns_without_header_are_not_taken_for_ctm(tmp_path):
    rows = [(k, w, a, b, "anna") for k, (w, a, b) in enumerate(TRUTH)]
    (tmp_path / "a.tsv").write_text(lines(rows))
    with pytest.raises(InputError, match="column 'word'"):
        read(tmp_path / "a.tsv")
