"""What is spoken is a word and nothing else is, whatever wrote the transcript."""

import json
import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_transcripts import SPEC, read

from fusion.io.errors import InputError
from fusion.stimuli import events, film, spoken, transcripts
from fusion.stimuli.spec import EventsSpec

CLOCK = "00:00:{:06.3f}".format


def table(rows, path):
    pd.DataFrame(rows, columns=["word", "onset_s", "offset_s"]).to_csv(path, sep="\t", index=False)
    return path


@pytest.mark.parametrize(
    "label",
    ["sp", "sil", "spn", "<eps>", "<unk>", "<p:>", "{SL}", "[door]", "(sighs)", "[laughter].",
     "<laugh>", "♪", "♪♪", "-", "—", "...", "*coughs*", ">>", "<b></b>"],
)  # fmt: skip
def test_labels_notes_and_signs_are_no_words(label, tmp_path, caplog):
    found = read(
        table([(label, 0, 0.4), ("hello", 0.4, 0.8), ("there", 2.6, 2.9)], tmp_path / "a.tsv")
    )
    assert found["word"].tolist() == ["hello", "there"]
    assert "1 of 3 rows are no words" in caplog.text


@pytest.mark.parametrize(
    "word", ["Sp", "Sil", "a", "I", "'s", "10", "3.5", "#1", "C++", "été", "no-one", "NASA", "O.K.",
             "é", "日本", "x-ray", "Dr.", "R&B", "50%", "@home"]
)  # fmt: skip
def test_what_is_spoken_stays(word, tmp_path):
    found = read(table([(word, 0, 0.4), ("hello", 0.4, 0.8)], tmp_path / "a.tsv"))
    assert found["word"].tolist() == [word, "hello"]


def test_notes_of_several_words_and_speakers_are_left_out_and_shown(tmp_path, caplog):
    rows = ["ANNA:", "Come", "[door", "slams", "shut]", "in.", "(she", "sighs)", "Sit", "down."]
    found = transcripts.read(
        table([(word, k, k + 0.5) for k, word in enumerate(rows)], tmp_path / "a.tsv"), SPEC
    )
    assert found.words["word"].tolist() == ["Come", "in.", "Sit", "down."]
    assert found.words["sentence"].unique().tolist() == ["Come in.", "Sit down."]
    assert any("5 x note ([door, slams, shut]" in note for note in found.notes)
    assert any("1 x speaker (ANNA:)" in note for note in found.notes)


def test_a_bracket_that_never_closes_takes_nothing_with_it(tmp_path):
    rows = [("(so", 0, 1)] + [(f"word{k}", k, k + 0.5) for k in range(1, 40)]
    assert len(read(table(rows, tmp_path / "a.tsv"))) == 40


def test_one_word_twice_at_one_moment_counts_once(tmp_path, caplog):
    rows = [("hello", 1.2, 1.5), ("Hello", 1.2, 1.5), ("hello", 1.6, 1.9), ("there", 1.6, 1.9)]
    assert read(table(rows, tmp_path / "a.tsv"))["word"].tolist() == ["hello", "hello", "there"]
    assert "1 words stand twice at one moment" in caplog.text


def whisper(pieces, path, segments=1):
    words = [
        {"word": piece, "start": round(1 + 0.3 * k, 2), "end": round(1.3 + 0.3 * k, 2)}
        for k, piece in enumerate(pieces)
    ]
    step = -(-len(words) // segments)
    path.write_text(
        json.dumps(
            {"segments": [{"words": words[k : k + step]} for k in range(0, len(words), step)]}
        )
    )
    return path


@pytest.mark.parametrize(
    ("pieces", "words", "text", "language"),
    [
        (
            [" A", " well", "-known", " film", " of", " 3", ".5", " hours,", " 20", "%", " cut."],
            ["A", "well-known", "film", "of", "3.5", "hours,", "20%", "cut."],
            "A well-known film of 3.5 hours, 20% cut.",
            "en",
        ),
        (
            [" Où", " puis", "-je", " aller", " aujourd", "'hui", " ?"],
            ["Où", "puis-je", "aller", "aujourd'hui"],
            "Où puis-je aller aujourd'hui ?",
            "fr",
        ),
        (["今日", "は", "川", "を", "見", "ます", "。"], ["今日", "は", "川", "を", "見", "ます。"],
         "今日は川を見ます。", "ja"),
        (["Hello", "there", "you"], ["Hello", "there", "you"], "Hello there you", "en"),
    ],
)  # fmt: skip
def test_pieces_are_joined_by_the_white_space_of_the_source(
    pieces, words, text, language, tmp_path
):
    found = read(whisper(pieces, tmp_path / "a.json"), language=language)
    assert found["word"].tolist() == words
    assert found["sentence"].unique().tolist() == [text]
    np.testing.assert_allclose(found["offset_s"].iloc[-1], 1.3 + 0.3 * (len(pieces) - 1), atol=0.31)


def test_a_segment_begins_with_a_word(tmp_path):
    pieces = ["Hello", " there", "you", "-all"]
    found = read(whisper(pieces, tmp_path / "a.json", segments=2))
    assert found["word"].tolist() == ["Hello", "there", "you-all"]


def test_pieces_of_a_table_are_joined_as_the_sentence_writes_them(tmp_path):
    rows = [
        ("I", 1.0, 1.1),
        ("'m", 1.1, 1.2),
        ("gon", 1.2, 1.4),
        ("na", 1.4, 1.5),
        ("stay", 1.6, 2),
    ]
    frame = pd.DataFrame(rows, columns=["text", "start", "end"]).assign(
        sentence_idx=3, sentence="I'm gonna stay!"
    )
    frame.to_csv(tmp_path / "features.csv")
    found = read(tmp_path / "features.csv", "treebank")
    assert found["word"].tolist() == ["I'm", "gonna", "stay"]
    assert found["onset_s"].tolist() == [1.0, 1.2, 1.6]
    assert found["offset_s"].tolist() == [1.2, 1.5, 2.0]
    assert set(found["sentence"]) == {"I'm gonna stay!"}


# -- captions

SAID = [
    (1.0, ["so", "today", "we", "look", "at", "rivers"]),
    (4.0, ["and", "at", "the", "fish", "that", "live", "there"]),
    (7.5, ["some", "are", "very", "old"]),
]


def rolling(stamps):
    cues, before, truth = [], "", []
    for start, line in SAID:
        times = [round(start + 0.4 * k, 3) for k in range(len(line))]
        end = times[-1] + 0.5
        truth += list(zip(line, times, strict=True))
        tagged = line[0] + "".join(
            f"<{CLOCK(t)}><c> {word}</c>" if stamps else f" {word}"
            for word, t in zip(line[1:], times[1:], strict=True)
        )
        cues.append(f"{CLOCK(start)} --> {CLOCK(end)} align:start\n{before or ' '}\n{tagged}\n")
        cues.append(f"{CLOCK(end)} --> {CLOCK(end + 0.01)} align:start\n{' '.join(line)}\n \n")
        before = " ".join(line)
    return "\n".join(cues), truth


def test_rolling_captions_say_each_word_once_at_its_own_time(tmp_path):
    text, truth = rolling(stamps=True)
    (tmp_path / "a.vtt").write_text("WEBVTT\nKind: captions\n\n" + text)
    found = read(tmp_path / "a.vtt")
    assert list(zip(found["word"], found["onset_s"].round(3), strict=True)) == truth


def test_rolling_captions_without_times_inside_say_each_word_once(tmp_path):
    text, truth = rolling(stamps=False)
    (tmp_path / "a.srt").write_text(text.replace(" align:start", "").replace(".", ","))
    found = read(tmp_path / "a.srt")
    assert found["word"].tolist() == [word for word, _ in truth]


def test_a_line_that_is_said_twice_is_said_twice(tmp_path):
    cues = [(1, "No."), (2, "No."), (3, "Why not?"), (4, "Because."), (5, "I said no."), (6, "Ah.")]
    text = "\n".join(f"{CLOCK(t)} --> {CLOCK(t + 0.95)}\n{line}\n" for t, line in cues)
    (tmp_path / "a.vtt").write_text("WEBVTT\n\n" + text)
    assert read(tmp_path / "a.vtt")["word"].tolist()[:4] == ["No.", "No.", "Why", "not?"]


def test_captions_for_the_deaf_lose_notes_speakers_dashes_and_music(tmp_path):
    cues = [
        "[door creaks]",
        "ANNA: Who is there?",
        "- It is me.\n- Come in!",
        "♪ ♪",
        "(sighs) Sit down.",
        "{\\an8}<i>Thank</i> you &amp; <font color='red'>bye</font>.",
        ">> MR. SMITH: Right.",
        "<v Anna>Never mind.",
    ]
    text = "\n".join(
        f"{k + 1}\n{CLOCK(k)} --> {CLOCK(k + 0.9)}\n{cue}\n" for k, cue in enumerate(cues)
    )
    (tmp_path / "a.srt").write_text(text)
    found = transcripts.read(tmp_path / "a.srt", SPEC)
    said = "Who is there? It is me. Come in! Sit down. Thank you bye. Right. Never mind."
    assert " ".join(found.words["word"]) == said
    assert found.words["onset_s"].min() == 1.0
    assert any("note" in note and "door creaks" in note for note in found.notes)


def test_names_in_small_letters_are_speakers_when_they_are_a_habit():
    habit = ["Anna: Hi.", "Bert: Hello.", "Anna: How are you?", "Fine."]
    assert spoken.names_speakers(habit)
    assert not spoken.names_speakers(["Remember: no.", "Yes.", "Why?", "Because."])
    assert spoken.without_speaker("Anna: Hi.") == "Hi."


# -- sentences


def test_sentences_end_at_silences_where_there_is_no_punctuation(tmp_path):
    rng, rows, now, truth = np.random.default_rng(4), [], 0.0, []
    for sentence in range(30):
        for _ in range(int(rng.integers(3, 14))):
            length = rng.uniform(0.1, 0.4)
            rows.append((f"word{len(rows)}", round(now, 3), round(now + length, 3)))
            truth.append(sentence)
            now += length + rng.uniform(0, 0.25)
        now += rng.uniform(0.4, 1.5)
    found = read(table(rows, tmp_path / "a.tsv"))
    assert pd.factorize(found["sentence_id"])[0].tolist() == truth
    one = read(tmp_path / "a.tsv", sentence_gap_s=5.0)
    assert one.groupby("sentence_id").size().max() <= 50


# -- grids

GRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 6
tiers? <exists>
size = 1
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 6
        intervals: size = 3
        intervals [1]:
            xmin = 3
            xmax = 3.3000000000000003
            text = "hello"
        intervals [2]:
            xmin = {second}
            xmax = 4
            text = "there"
        intervals [3]:
            xmin = 4
            xmax = 6
            text = ""
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_boundaries_of_a_textgrid_that_differ_by_rounding_are_one(encoding, tmp_path):
    (tmp_path / "a.TextGrid").write_text(GRID.format(second=3.3), encoding=encoding)
    found = read(tmp_path / "a.TextGrid")
    assert found["word"].tolist() == ["hello", "there"]
    np.testing.assert_allclose(found["onset_s"], [3, 3.3], atol=1e-9)


def test_intervals_that_overlap_are_refused(tmp_path):
    (tmp_path / "a.TextGrid").write_text(GRID.format(second=3.2))
    with pytest.raises(InputError, match="before the interval before ends"):
        read(tmp_path / "a.TextGrid")


# -- one transcript in every form

TRUTH = [
    ("Où", 1.0, 1.2), ("est", 1.25, 1.5), ("Anna?", 1.5, 1.9),
    ("Elle", 3.0, 3.2), ("arrive", 3.25, 3.6), ("demain,", 3.7, 4.0), ("merci.", 4.1, 4.5),
]  # fmt: skip


TEXTS = ["Où", "Où est", "Où est Anna?", "Elle", "Elle arrive", "Elle arrive demain,",
         "Elle arrive demain, merci."]  # fmt: skip
EVENTS = EventsSpec(
    stimulus="film",
    alignments=("language",),
    text="sentence_so_far",
    text_window_words=20,
    previous_sentences=0,
    min_spacing_s=0.0,
    stop_words=(),
    frame_offset_s=0.0,
    shuffled_pairings=0,
    shuffle_min_shift_s=0.0,
    seed=0,
)


def stamp(t):
    return f"00:00:{t:06.3f}"


def forms(folder):
    plain = [(word.strip(), a, b) for word, a, b in TRUTH]
    json_words = [{"word": f" {w}", "start": a, "end": b} for w, a, b in TRUTH]
    stripped = [{"word": w, "start": a, "end": b} for w, a, b in TRUTH]
    text = " ".join(w for w, _, _ in TRUTH)
    bare = [{"word": w.strip("?,."), "start": a, "end": b} for w, a, b in TRUTH]

    def rows(sep, names, cell=str):
        head = sep.join(names)
        return "\n".join([head, *(sep.join((w, cell(a), cell(b))) for w, a, b in plain)]) + "\n"

    def dump(value):
        return json.dumps(value, ensure_ascii=False)

    ms = [
        {"text": f" {w}", "offsets": {"from": int(a * 1000), "to": int(b * 1000)}}
        for w, a, b in TRUTH
    ]
    ms.insert(0, {"text": "[_BEG_]", "offsets": {"from": 0, "to": 0}})
    offsets, at = [], 0
    for word in bare:
        at = text.index(word["word"], at)
        offsets.append(
            {**word, "case": "success", "startOffset": at, "endOffset": at + len(word["word"])}
        )
    mfa = (
        "Begin,End,Label,Type,Speaker\n"
        + "".join(f"{a},{b},{w},words,x\n" for w, a, b in [(f'"{w}"', a, b) for w, a, b in plain])
        + "1.0,1.1,u,phones,x\n"
    )
    elan = "".join(f"words\t\t{stamp(a)}\t{stamp(b)}\t{stamp(b - a)}\t{w}\n" for w, a, b in plain)
    elan += f"notes\t\t{stamp(0)}\t{stamp(1)}\t{stamp(1)}\tremark\n"
    headed = "Tier\tBegin Time - ss.msec\tEnd Time - ss.msec\tDuration - ss.msec\tText\n" + "".join(
        f"words\t{a}\t{b}\t{b - a}\t{w}\n" for w, a, b in plain
    )
    grid = (
        GRID.split("        intervals: size")[0]
        + f"        intervals: size = {len(TRUTH)}\n"
        + "".join(
            f"        intervals [{k}]:\n            xmin = {a}\n            xmax = {b}\n"
            f'            text = "{w}"\n'
            for k, (w, a, b) in enumerate(plain, 1)
        )
    )
    timed = (
        "".join(f"<{stamp(a)}><c> {w}</c>" for w, a, _ in TRUTH[:3]),
        "".join(f"<{stamp(a)}><c> {w}</c>" for w, a, _ in TRUTH[3:]),
    )
    vtt = f"WEBVTT\n\n{stamp(1)} --> {stamp(1.9)}\n{timed[0]}\n\n"
    vtt += f"{stamp(3)} --> {stamp(4.5)}\n{timed[1]}\n"
    in_ms = lambda t: str(int(t * 1000))  # noqa: E731
    whisperx = {"segments": [{"words": stripped}], "word_segments": stripped}
    tsv = rows("\t", ("word", "onset_s", "offset_s"))
    comma = rows(";", ("word", "onset_s", "offset_s"), lambda t: str(t).replace(".", ","))
    return {
        "tab": ("a.tsv", tsv, {}),
        "tab in UTF-16": ("a.tsv", tsv.encode("utf-16"), {}),
        "tab in cp1252": ("a.tsv", tsv.encode("cp1252"), {}),
        "tab with a byte-order mark": ("a.tsv", tsv.encode("utf-8-sig"), {}),
        "Windows lines": ("a.tsv", tsv.replace("\n", "\r\n"), {}),
        "semicolons and decimal commas": ("a.csv", comma, {}),
        "semicolons in a .tsv": ("a.tsv", comma, {}),
        "clock times": ("a.tsv", rows("\t", ("Word", "Start", "End"), stamp), {}),
        "milliseconds by the column": ("a.tsv", rows("\t", ("text", "start_ms", "end_ms"), in_ms),
                                       {}),
        "milliseconds by the config": ("a.tsv", rows("\t", ("word", "onset_s", "offset_s"), in_ms),
                                       {"per_second": 1000.0}),
        "samples": ("a.tsv", rows("\t", ("word", "onset_s", "offset_s"),
                                  lambda t: str(int(t * 16000))), {"per_second": 16000.0}),
        "another zero": ("a.tsv", rows("\t", ("word", "onset", "offset"),
                                       lambda t: str(t + 20)), {"zero_s": 20.0}),
        "Whisper": ("a.json", dump({"text": text, "segments": [{"words": json_words}]}), {}),
        "Whisper in two segments": ("a.json", dump({"segments": [{"words": json_words[:3]},
                                                                {"words": json_words[3:]}]}), {}),
        "WhisperX": ("a.json", dump(whisperx), {}),
        "whisper.cpp": ("a.json", dump({"transcription": [{"text": text, "tokens": ms}]}), {}),
        "whisper.cpp -ml 1": ("a.json", dump({"transcription": ms[1:]}), {}),
        "OpenAI's API": ("a.json", dump({"text": text, "words": bare}), {}),
        "OpenAI's API with segments": ("a.json", dump({"text": text, "words": bare,
                                                       "segments": [{"text": text}]}), {}),
        "transformers": ("a.json", dump({"text": text, "chunks": [
            {"text": f" {w}", "timestamp": [a, b]} for w, a, b in TRUTH]}), {}),
        "gentle": ("a.json", dump({"transcript": text, "words": offsets}), {}),
        "JSON in cp1252": ("a.json", dump({"text": text, "words": bare}).encode("cp1252"), {}),
        "MFA's CSV": ("a.csv", mfa, {}),
        "ELAN": ("a.txt", elan, {}),
        "ELAN with a header": ("a.txt", headed, {}),
        "TextGrid": ("a.TextGrid", grid, {}),
        "WebVTT": ("a.vtt", vtt, {}),
        **other_forms(plain, rows),
    }  # fmt: skip


def other_forms(plain, rows):
    """Return forms that the config names, and those of further tools."""
    said = ["Où est Anna?"] * 3 + ["Elle arrive demain, merci."] * 4
    key = [1, 1, 1, 2, 2, 2, 2]
    full = [(w, a, b, k, t) for (w, a, b), k, t in zip(plain, key, said, strict=True)]

    def table(head, cells, sep="\t"):
        return "\n".join(sep.join(map(str, row)) for row in [head, *cells]) + "\n"

    bare = [{"word": w, "start": a, "end": b, "conf": 1.0} for w, a, b in plain]
    tiers = {"x - words": {"type": "interval", "entries": [[a, b, w] for w, a, b in plain]}}
    karaoke = "[Script Info]\n\n[Events]\n"
    karaoke += "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    for part in (plain[:3], plain[3:]):
        text, at = "", part[0][1]
        for (w, a, _), nxt in zip(part, [*part[1:], (None, part[-1][2], None)], strict=True):
            text += f"{{\\k{round(100 * (nxt[1] - a))}}}{w} "
        karaoke += f"Dialogue: 0,0:00:{at:05.2f},0:00:{part[-1][2]:05.2f},Default,,0,0,0,,{text}\n"
    short = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n6\n<exists>\n1\n'
    short += f'"IntervalTier"\n"words"\n0\n6\n{len(plain)}\n'
    short += "".join(f'{a}\n{b}\n"{w}"\n' for w, a, b in plain)
    json3 = {"wireMagic": "pb3", "events": [{"tStartMs": 0, "dDurationMs": 6000, "id": 1}]}
    for part in (plain[:3], plain[3:]):
        start = round(1000 * part[0][1])
        segments = [{"utf8": f" {w}", "tOffsetMs": round(1000 * a) - start} for w, a, _ in part]
        segments[0] = {"utf8": part[0][0]}
        json3["events"] += [
            {"tStartMs": start, "dDurationMs": 4000, "segs": segments},
            {"tStartMs": start + 500, "dDurationMs": 3000, "aAppend": 1, "segs": [{"utf8": "\n"}]},
        ]
    elan = ("Begin Time - hh:mm:ss.ms", "End Time - hh:mm:ss.ms", "words", "notes")
    return {
        "words": ("a.tsv", table(("word", "onset_s", "offset_s", "sentence_id", "sentence"), full),
                  {"format": "words"}),
        "events": ("a.tsv", table(("onset", "duration", "trial_type", "word"),
                   [(0, 1, "film", "n/a"), *((a, b - a, "word", w) for w, a, b in plain)]),
                   {"format": "events"}),
        "ds003688": ("a.tsv", rows("\t", ("item", "onset", "offset")), {"format": "ds003688"}),
        "ds005574": ("a.tsv", table(("", "word_idx", "word", "start", "end"),
                     [(k, k, w, a, b) for k, (w, a, b) in enumerate(plain)]),
                     {"format": "ds005574"}),
        "Treebank": ("a.csv", table(("", "text", "start", "end", "sentence_idx", "sentence"),
                     [(0, f'"{w}"', a, b, k, f'"{t}"') for w, a, b, k, t in full], ","),
                     {"format": "treebank"}),
        "MFA's JSON": ("a.json", json.dumps({"tiers": tiers}, ensure_ascii=False), {}),
        "Vosk": ("a.json", json.dumps({"result": bare}, ensure_ascii=False), {}),
        "ASS with karaoke": ("a.ass", karaoke, {}),
        "a short TextGrid": ("a.TextGrid", short, {}),
        "CTM": ("a.ctm", ";; a comment\n" + "".join(
            f"film A {a:.2f} {b - a:.2f} {w} 0.99\n" for w, a, b in plain), {}),
        "CTM out of order": ("a.ctm", "".join(
            f"film 1 {a:.2f} {b - a:.2f} {w}\n" for w, a, b in (*plain[3:], *plain[:3])), {}),
        "CTM of NeMo": ("a.ctm", "".join(
            f"film 1 {a:.2f} {b - a:.2f} {w} NA lex NA\n" for w, a, b in plain), {}),
        "labels of Audacity": ("a.txt", "".join(f"{a:.6f}\t{b:f}\t{w}\n" for w, a, b in plain), {}),
        "TIMIT": ("a.wrd", "".join(f"{16e3 * a:.0f} {16e3 * b:.0f} {w}\n" for w, a, b in plain),
                  {"per_second": 16e3}),
        "HTK": ("a.lab", "".join(f"{1e7 * a:.0f} {1e7 * b:.0f} {w}\n" for w, a, b in plain),
                {"per_second": 1e7}),
        "no header": ("a.csv", "".join(f'"{w}",{a},{b}\n' for w, a, b in plain), {}),
        "YouTube's json3": ("a.json3", json.dumps(json3, ensure_ascii=False), {}),
        "LRC": ("a.lrc", "[ar:Anna]\n[offset:0]\n" + "".join(
            f"[00:{part[0][1]:05.2f}]" + " ".join(f"<00:{a:05.2f}>{w}" for w, a, _ in part) + "\n"
            for part in (plain[:3], plain[3:])) + "[00:04.50]\n", {}),
        "LRC with an offset": ("a.lrc", "[offset:+500]\n" + "".join(
            f"[00:{part[0][1] + 0.5:05.2f}]"
            + " ".join(f"<00:{a + 0.5:05.2f}>{w}" for w, a, _ in part) + "\n"
            for part in (plain[:3], plain[3:])), {}),
        "ELAN with a column a tier": ("a.txt", table(elan,
                                      [(stamp(a), stamp(b), w, "x") for w, a, b in plain]), {}),
    }  # fmt: skip


#: Of these, words end where the next one begins.
NO_ENDS = ("WebVTT", "ASS with karaoke", "YouTube's json3", "LRC", "LRC with an offset")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("name", forms("."))
def test_one_transcript_in_every_form_gives_the_same_events_and_texts(name, encoding, tmp_path):
    file, content, more = forms(tmp_path)[name]
    path = tmp_path / file
    if isinstance(content, bytes) and encoding != "utf-8":
        pytest.skip("this form says its encoding itself")
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    form = more.pop("format", "auto")
    found = read(path, form, language="fr", **more)
    assert found["word"].tolist() == [word for word, _, _ in TRUTH]
    np.testing.assert_allclose(found["onset_s"], [a for _, a, _ in TRUTH], atol=1e-6)
    if name not in NO_ENDS:
        np.testing.assert_allclose(found["offset_s"], [b for _, _, b in TRUTH], atol=1e-6)
    assert found["sentence"].unique().tolist() == ["Où est Anna?", "Elle arrive demain, merci."]
    table, _ = events.language(found, film.silent_clock(6.0), EVENTS)
    assert table["text"].tolist() == TEXTS
    np.testing.assert_allclose(table["onset_s"], [a for _, a, _ in TRUTH], atol=1e-6)


@pytest.mark.parametrize("form", ["srt", "vtt", "ass", "sbv", "lrc", "json3"])
def test_captions_in_every_form_give_the_same_sentences(form, tmp_path):
    cues = [(1.0, 1.9, "Où est Anna?"), (3.0, 4.5, "Elle arrive demain, merci.")]
    text = "".join(
        f"{k}\n{stamp(a)} --> {stamp(b)}\n{t}\n\n" for k, (a, b, t) in enumerate(cues, 1)
    )
    if form == "vtt":
        text = "WEBVTT\n\n" + text
    if form == "sbv":
        text = "".join(f"0{stamp(a)[1:]},0{stamp(b)[1:]}\n{t}\n\n" for a, b, t in cues)
    if form == "lrc":
        text = "".join(f"[00:{a:05.2f}]{t}\n[00:{b:05.2f}]\n" for a, b, t in cues)
    if form == "json3":
        text = json.dumps(
            {
                "events": [
                    {"tStartMs": 1e3 * a, "dDurationMs": 1e3 * (b - a), "segs": [{"utf8": t}]}
                    for a, b, t in cues
                ]
            },
            ensure_ascii=False,
        )
    if form == "ass":
        columns = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
        text = f"[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: {columns}\n" + "".join(
            f"Dialogue: 0,0:00:{a:05.2f},0:00:{b:05.2f},Default,,0,0,0,,{t}\n" for a, b, t in cues
        )
    (tmp_path / f"a.{form}").write_text(text, encoding="cp1252")
    found = transcripts.read(tmp_path / f"a.{form}", replace(SPEC, language="fr"))
    assert found.words["sentence"].unique().tolist() == [t for _, _, t in cues]
    assert found.words["onset_s"].iloc[0] == 1.0
    assert "encoding cp1252 (Windows), as it is not UTF-8" in found.notes


def test_what_was_taken_is_said(tmp_path, caplog):
    (tmp_path / "a.csv").write_bytes("word;onset_s;offset_s\nça;1,20;1,50\n".encode("cp1252"))
    with caplog.at_level(logging.INFO):
        found = transcripts.read(tmp_path / "a.csv", SPEC)
    said = "; ".join(found.notes)
    for part in ("cp1252", "separated by ;", "columns word, onset_s, offset_s", "decimal commas"):
        assert part in said
        assert part in caplog.text


def test_a_time_that_is_none_is_refused_with_its_row(tmp_path):
    (tmp_path / "a.tsv").write_text("word\tonset_s\nhello\t1.0\nthere\tlater\n")
    with pytest.raises(InputError, match="row 3: found 'later'"):
        read(tmp_path / "a.tsv")
