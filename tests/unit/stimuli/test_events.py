"""Events, texts and shuffled pairings are what they say, against loops that spell it out."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.io.errors import InputError
from fusion.seeds import rng_for
from fusion.stimuli import events, pairing, sentences
from fusion.stimuli.film import FilmClock
from fusion.stimuli.spec import EventsSpec

SPEC = EventsSpec(
    stimulus="film",
    alignments=("language", "vision"),
    text="sentence_so_far",
    text_window_words=3,
    previous_sentences=0,
    min_spacing_s=0,
    stop_words=(),
    frame_offset_s=0,
    shuffled_pairings=0,
    shuffle_min_shift_s=60,
    seed=0,
)
quick = settings(max_examples=60, deadline=None)


def clock(n=250, rate=25.0):
    seconds = np.arange(n) / rate
    return FilmClock(np.arange(n), seconds, np.zeros(n, int), np.zeros(n, bool), n / rate, 0.0)


def words(*rows):
    """Rows of (word, onset, sentence id, sentence)."""
    table = pd.DataFrame(rows, columns=["word", "onset_s", "sentence_id", "sentence"])
    return table.assign(offset_s=table["onset_s"] + 0.2)


TALK = words(
    ("Who", 1.0, "s00000", "Who's there?"),
    ("'s", 1.2, "s00000", "Who's there?"),
    ("there", 1.4, "s00000", "Who's there?"),
    ("me", 3.01, "s00001", "It's me, Pippi!"),
    ("pippi", 3.3, "s00001", "It's me, Pippi!"),
    ("Come", 6.0, "s00002", "Come in."),
    ("in", 6.2, "s00002", "Come in."),
)


def test_a_word_gets_the_first_picture_at_or_after_it_and_the_sentence_so_far():
    table, counts = events.language(TALK, clock(), SPEC)
    assert list(table.columns) == events.COLUMNS
    assert table["event"].tolist() == [f"w{k:05d}" for k in range(7)]
    assert table["frame"].tolist() == [25, 30, 35, 76, 83, 150, 155]
    np.testing.assert_allclose(table["frame_s"], table["frame"] / 25)
    assert table["text"].tolist() == [
        "Who",
        "Who's",
        "Who's there?",
        "It's me,",
        "It's me, Pippi!",
        "Come",
        "Come in.",
    ]
    assert dict(counts.to_numpy())["events"] == 7


@pytest.mark.parametrize(
    ("change", "third", "last"),
    [
        ({"text": "sentence"}, "Who's there?", "Come in."),
        ({"text": "window"}, "Who 's there", "pippi Come in"),
        ({"previous_sentences": 1}, "Who's there?", "It's me, Pippi! Come in."),
        ({"previous_sentences": 5}, "Who's there?", "Who's there? It's me, Pippi! Come in."),
    ],
)
def test_texts_as_configured(change, third, last):
    text = events.language(TALK, clock(), replace(SPEC, **change))[0]["text"]
    assert (text[2], text[6]) == (third, last)


def test_words_left_out_are_counted_once_each():
    talk = pd.concat(
        [TALK, words(("late", 10.1, "s00003", "late"), ("early", -0.1, "s00004", "early"))],
        ignore_index=True,
    )
    table, counts = events.language(
        talk, clock(), replace(SPEC, stop_words=("In", "there", "late"), min_spacing_s=0.35)
    )
    assert table["word"].tolist() == ["Who", "me", "Come"]
    told = dict(counts.to_numpy())
    assert told == {
        "words": 9,
        "outside the film": 2,
        "stop word": 2,
        "too close to the one before": 2,
        "events": 3,
    }
    assert told["words"] == sum(told[k] for k in told if k != "words")


def test_a_film_without_any_of_its_words_is_refused():
    with pytest.raises(InputError, match="7 outside the film; the film lasts 0.400 s"):
        events.language(TALK, clock(n=10), SPEC)
    with pytest.raises(InputError, match="no cuts"):
        events.vision(TALK, pd.DataFrame({"cut_s": [], "frame": []}, dtype=float), clock(), SPEC)


def test_words_out_of_order_make_events_in_order_with_texts_as_spoken():
    talk = TALK.copy()
    talk.loc[2, "onset_s"] = 0.9
    table, _ = events.language(talk, clock(), SPEC)
    assert table["event"].tolist()[:3] == ["w00002", "w00000", "w00001"]
    assert table["onset_s"].is_monotonic_increasing
    assert table["text"].tolist()[:3] == ["Who's there?", "Who", "Who's"]


def test_a_sentence_goes_on_after_an_interruption():
    talk = words(
        ("I", 1.0, "s00000", "I know."),
        ("What", 1.1, "s00001", "What now?"),
        ("know", 1.2, "s00000", "I know."),
        ("now", 1.3, "s00001", "What now?"),
        ("Ah", 2.0, "s00002", "Ah."),
    )
    text = events.language(talk, clock(), SPEC)[0]["text"].tolist()
    assert text == ["I", "What", "I know.", "What now?", "Ah."]
    assert events.said(talk, "sentence_so_far", 1, 2)[4] == "I know. What now? Ah."


def test_a_cut_gets_its_picture_and_the_closest_sentence():
    cuts = pd.DataFrame({"cut_s": [0.04, 2.2, 2.4, 3.2, 9.0], "frame": [1, 55, 60, 80, 225]})
    table, counts = events.vision(TALK, cuts, clock(), SPEC)
    # Sentences last from 1.0 to 1.6, from 3.01 to 3.5 and from 6.0 to 6.4 s.
    assert table["sentence_id"].tolist() == ["s00000", "s00000", "s00001", "s00001", "s00002"]
    assert table["text"].tolist()[3] == "It's me, Pippi!"
    assert table["frame"].tolist() == cuts["frame"].tolist()
    assert table["word"].isna().all()
    assert table["event"].tolist() == [f"c{k:05d}" for k in range(5)]
    later, _ = events.vision(TALK, cuts, clock(), replace(SPEC, frame_offset_s=0.1))
    assert later["frame"].tolist() == [4, 58, 63, 83, 228]
    np.testing.assert_allclose(later["onset_s"], cuts["cut_s"])


@quick
@given(st.lists(st.floats(0, 50), min_size=1, max_size=30), st.floats(0, 5))
def test_spacing_is_kept_greedily(onset, spacing):
    onset = np.sort(onset)
    keep = events.spaced(onset, spacing)
    left = onset[keep]
    assert keep[0]
    assert (np.diff(left) >= spacing).all()
    for k in np.flatnonzero(~keep):
        assert onset[k] - left[left <= onset[k]].max() < spacing


@quick
@given(
    st.lists(st.tuples(st.floats(0, 90), st.floats(0, 5)), min_size=1, max_size=12),
    st.lists(st.floats(-5, 100), min_size=1, max_size=8),
)
def test_the_nearest_interval_is_the_nearest(spans, times):
    onset = np.array([a for a, _ in spans])
    offset = onset + [length for _, length in spans]
    found = sentences.nearest(onset, offset, np.array(times))
    for t, k in zip(times, found, strict=True):
        distance = [
            0 if a <= t <= b else min(abs(t - a), abs(t - b))
            for a, b in zip(onset, offset, strict=True)
        ]
        assert distance[k] == pytest.approx(min(distance))


def test_each_alignment_draws_its_own_shifts_and_no_film_shares_them():
    spec = replace(SPEC, shuffled_pairings=1, shuffle_min_shift_s=1)
    many = words(*((f"word{k}", k / 3, "s00000", "x") for k in range(300)))
    cuts = pd.DataFrame({"cut_s": np.arange(1, 90), "frame": np.arange(1, 90) * 25})
    found = {}
    for alignment in spec.alignments:
        for film in ("a", "b"):
            table, _ = events.of_alignment(
                alignment, many, cuts, clock(2500), replace(spec, stimulus=film)
            )
            found[alignment, film] = table["event_shuffled0"].iloc[0]
            again, _ = events.of_alignment(
                alignment, many, cuts, clock(2500), replace(spec, stimulus=film)
            )
            assert again.equals(table)
    assert len(set(found.values())) == 4


# -- texts


@quick
@given(st.lists(st.text("abcdefgh'", min_size=1, max_size=7), min_size=1, max_size=12))
def test_text_so_far_of_a_sentence_that_is_its_words(spoken):
    found = sentences.prefixes(spoken, " ".join(spoken))
    assert found == [" ".join(spoken[: k + 1]) for k in range(len(spoken))]


@quick
@given(
    st.lists(st.text("abcd", min_size=1, max_size=5), min_size=1, max_size=10),
    st.lists(st.text("abcd,", min_size=1, max_size=6), min_size=1, max_size=10),
)
def test_text_so_far_grows_along_any_sentence(spoken, written):
    text = " ".join(written)
    found = sentences.prefixes(spoken, text)
    begun = [part for part in found if text.startswith(part)]
    assert all(len(a) <= len(b) for a, b in zip(begun, begun[1:], strict=False))
    for part, word in zip(found, spoken, strict=True):
        assert part and (text.startswith(part) or part == word)


@pytest.mark.parametrize(
    ("spoken", "text", "expected"),
    [
        (["nee", "k", "heb"], "Nee, ik heb al.", ["Nee,", "Nee, ik", "Nee, ik heb"]),
        (["gon", "na", "go"], "Gonna go!", ["Gon", "Gonna", "Gonna go!"]),
        (["what", "'d", "you"], "What'd... you?", ["What", "What'd...", "What'd... you?"]),
        (["me", "euros"], "Give me 7 euros.", ["Give me", "Give me 7 euros."]),
        (["uh", "yes"], "Yes.", ["uh", "Yes."]),
        (["yes", "uh"], "Yes.", ["Yes.", "Yes."]),
        (["a", "b", "c"], "one", ["one", "one", "one"]),
    ],
)
def test_text_so_far_where_words_and_text_differ(spoken, text, expected):
    assert sentences.prefixes(spoken, text) == expected


# -- shuffled pairings


def test_shuffled_texts_are_far_away_in_film_time_and_keep_their_order():
    rng = np.random.default_rng(0)
    onset = np.sort(rng.uniform(0, 900, 400))
    texts = np.array([f"t{k}" for k in range(400)])
    shifts = pairing.shifts(onset, 5, 60, rng_for(0, "pairing", "film", "language"))
    assert len(set(shifts.tolist())) == 5
    for shift in shifts:
        moved = pairing.shifted(texts, shift)
        source = np.array([int(t[1:]) for t in moved])
        assert source.tolist() == [(k + shift) % 400 for k in range(400)]
        assert np.abs(onset[source] - onset).min() >= 60
        steps = np.diff(source)
        assert (steps == 1).sum() == 398  # one seam
    again = pairing.shifts(onset, 5, 60, rng_for(0, "pairing", "film", "language"))
    assert shifts.tolist() == again.tolist()
    assert (
        shifts.tolist()
        != pairing.shifts(onset, 5, 60, rng_for(1, "pairing", "film", "language")).tolist()
    )


def test_every_possible_shift_may_be_drawn_and_no_other():
    onset = np.array([0.0, 10, 20, 30, 40, 50])
    possible = {
        m for m in range(1, 6) if all(abs(onset[(i + m) % 6] - onset[i]) >= 20 for i in range(6))
    }
    drawn = {int(pairing.shifts(onset, 1, 20, rng_for(seed, "x"))[0]) for seed in range(60)}
    assert drawn == possible == {2, 3, 4}
    with pytest.raises(InputError, match="4, but 3 shifts of the 6 events"):
        pairing.shifts(onset, 4, 20, rng_for(0, "x"))
    assert len(pairing.shifts(onset, 0, 1e9, rng_for(0, "x"))) == 0


# -- cutting long sentences


@quick
@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=6),
    st.integers(2, 9),
    st.integers(0, 2**32 - 1),
)
def test_no_sentence_is_longer_than_allowed_and_whole_ones_stay(sizes, longest, seed):
    number = np.repeat(np.arange(len(sizes)), sizes)
    onset = np.cumsum(np.random.default_rng(seed).uniform(0.3, 2, len(number)))
    cut = sentences.cut_long(number, onset, onset + 0.2, longest)
    assert np.bincount(cut).max() <= longest
    assert set(np.diff(cut)) <= {0, 1}
    for k, size in enumerate(sizes):
        pieces = cut[number == k]
        assert set(pieces).isdisjoint(cut[number != k])
        if size <= longest:
            assert len(set(pieces)) == 1
