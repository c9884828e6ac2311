"""The five scripts one after the other on a numbered film: every event's picture shows the number
of the frame it should.
"""

from fractions import Fraction

import numbered_films
import numpy as np
import pandas as pd
import pytest
from helpers.scripts import run_script

from fusion.io.labelled import open_labelled
from fusion.io.tables import read_tsv, write_tsv
from fusion.stimuli.spec import (
    AnnotatedCuts,
    CutsSpec,
    EventsSpec,
    FramesSpec,
    LowlevelSpec,
    SoundSpec,
    TranscriptSpec,
)

N = 1000
ALIGNMENTS = ("language", "vision")
EVENTS = EventsSpec(
    stimulus="film",
    alignments=ALIGNMENTS,
    text="sentence_so_far",
    text_window_words=9,
    previous_sentences=0,
    min_spacing_s=0,
    stop_words=(),
    frame_offset_s=0,
    shuffled_pairings=2,
    shuffle_min_shift_s=5,
    seed=1,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with what the scripts wrote; pictures every 1/23.976 s, words and cuts anywhere."""
    folder = tmp_path_factory.mktemp("stimuli")
    rng = np.random.default_rng(3)
    numbered_films.write(
        folder / "film.mkv",
        np.arange(N) * 1001,
        Fraction(1, 24_000),
        options={"preset": "ultrafast", "bf": 2},
        gop=60,
        rate=Fraction(24_000, 1001),
        sound_from=0,
    )
    onset = np.sort(rng.uniform(0, 43, 120)).round(3)  # the film ends after 41.7 s
    words = pd.DataFrame(
        {
            "word": [f"mot{k}." if k % 7 == 6 else f"mot{k}" for k in range(120)],
            "onset_s": onset,
            "offset_s": onset + 0.1,
        }
    )
    write_tsv(words, folder / "words.tsv", float_format="%.10g")
    (folder / "cuts.csv").write_text(
        "start\n" + "\n".join(f"{k * 1001 / 24_000:.3f}" for k in range(0, N, 50))
    )

    run_script(
        "transcript",
        {"transcript": folder / "words.tsv"},
        {"words": folder / "film_words.tsv", "notes": folder / "notes.json"},
        TranscriptSpec(
            format="words",
            tier=None,
            per_second=1.0,
            zero_s=0.0,
            labels=("sp",),
            language="en",
            sentence_gap_s=0.3,
            longest_sentence=50,
        ),
    )
    run_script(
        "scene_cuts",
        {"film": folder / "film.mkv", "cuts": folder / "cuts.csv"},
        {"cuts": folder / "film_cuts.tsv"},
        CutsSpec("film", AnnotatedCuts("start", "s", skip_first=True, strict=True), None),
    )
    run_script(
        "events",
        {
            "film": folder / "film.mkv",
            "words": folder / "film_words.tsv",
            "cuts": folder / "film_cuts.tsv",
        },
        {
            "events": [folder / f"{alignment}.tsv" for alignment in ALIGNMENTS],
            "counts": [folder / f"{alignment}_counts.tsv" for alignment in ALIGNMENTS],
            "film": folder / "film.json",
        },
        EVENTS,
        log=folder / "events.log",
    )
    run_script(
        "frames",
        {
            "film": folder / "film.mkv",
            "events": [folder / f"{alignment}.tsv" for alignment in ALIGNMENTS],
        },
        {"frames": folder / "film.nc"},
        FramesSpec(stimulus="film", size_px=32, clips=()),
        log=folder / "frames.log",
        process=True,
    )
    run_script(
        "sound", {"film": folder / "film.mkv"}, {"sound": folder / "sound.nc"}, SoundSpec("film")
    )
    run_script(
        "lowlevel",
        {
            "facts": folder / "film.json",
            "events": [folder / f"{alignment}.tsv" for alignment in ALIGNMENTS],
            "words": folder / "film_words.tsv",
            "cuts": folder / "film_cuts.tsv",
            "frames": folder / "film.nc",
            "sound": folder / "sound.nc",
        },
        {"lowlevel": [folder / f"lowlevel_{alignment}.nc" for alignment in ALIGNMENTS]},
        LowlevelSpec(alignments=ALIGNMENTS, rate_window_s=4, audio_window_s=(0, 0.5), mel_bands=8),
    )
    return folder


@pytest.mark.parametrize("alignment", ["language", "vision"])
def test_the_store_holds_the_picture_of_every_event(made, alignment):
    events = read_tsv(made / f"{alignment}.tsv")
    times = np.floor(np.arange(N) * 1001 / 24 + 0.5) / 1000  # Matroska's milliseconds
    with open_labelled(made / "film.nc") as store:
        kept = {
            int(frame): numbered_films.number(store["image"][k].to_numpy())
            for k, frame in enumerate(store["frame"].to_numpy())
        }
        np.testing.assert_allclose(
            store["frame_s"], times[store["frame"].to_numpy()] - times[0], atol=1e-9
        )
        assert store["image"].dtype == np.uint8
        assert store["image"].shape[1:] == (32, 32, 3)
    assert all(kept[frame] == frame for frame in events["frame"])
    if alignment == "language":
        right = [next((k for k in range(N) if times[k] >= t), N - 1) for t in events["onset_s"]]
        assert events["frame"].tolist() == right
    else:
        assert events["frame"].tolist() == list(range(50, N, 50))


def test_words_after_the_film_are_left_out_and_counted(made):
    words, events = read_tsv(made / "film_words.tsv"), read_tsv(made / "language.tsv")
    counts = dict(read_tsv(made / "language_counts.tsv").to_numpy())
    outside = int((words["onset_s"] > N * 1001 / 24_000).sum())
    assert outside > 0
    assert counts["outside the film"] == outside
    assert len(events) == counts["events"] == 120 - outside
    assert f"WARNING language: outside the film: {outside}" in (made / "events.log").read_text()


def test_shuffled_texts_are_texts_of_other_moments(made):
    events = read_tsv(made / "language.tsv")
    place = {text: k for k, text in enumerate(events["text"])}
    assert len(place) == len(events)
    for column in ("text_shuffled0", "text_shuffled1"):
        source = events["onset_s"].to_numpy()[[place[text] for text in events[column]]]
        named = events.set_index("event").loc[events[column.replace("text", "event")]]
        assert named["text"].tolist() == events[column].tolist()
        assert np.abs(source - events["onset_s"]).min() >= 5
    assert (events["text_shuffled0"] != events["text_shuffled1"]).any()


def test_low_level_features_are_finite_and_named(made):
    with open_labelled(made / "lowlevel_language.nc") as store:
        names = store["feature"].to_numpy().tolist()
        assert np.isfinite(store["features"].to_numpy()).all()
        assert (
            store["event"].to_numpy().tolist() == read_tsv(made / "language.tsv")["event"].tolist()
        )
    with open_labelled(made / "lowlevel_vision.nc") as store:
        assert set(names) - set(store["feature"].to_numpy().tolist()) == {"word_length"}
    assert {
        "luminance",
        "contrast",
        "motion_energy",
        "since_cut_s",
        "envelope_db",
        "mel_07_db",
        "word_rate_hz",
        "film_position",
    } <= set(names)


def test_long_decoding_shows_its_rate_and_the_time_left(made):
    assert "picture/s]" in (made / "frames.log").read_text()
