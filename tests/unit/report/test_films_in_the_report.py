"""What the page says of films and words, of recordings that take no part, and of a podcast."""

import made_up_results
import pandas as pd
import pytest

from fusion.report import assemble, story
from fusion.stimuli import overview

FILM = {"stimulus": "film", "end_s": 390.0, "pictures": 9750, "pictures_hz": 25.0,
        "sound": "track 2 of 2 (Stereo)", "notes": [],
        "sound_warning": "sound track 1 is a commentary; track 2 of 2 is taken"}  # fmt: skip
WORDS = {"words": 446, "sentences": 67, "taken": ["encoding utf-16", "columns item, onset, offset"],
         "left_out": ["no words: 3 x note ([door])"]}  # fmt: skip


def test_the_table_of_films_says_sound_words_and_what_was_left_out():
    (row,) = overview.table([FILM], [WORDS], ["film", "film", "other"]).to_dict("records")
    assert row["recordings"] == 2
    assert row["sound"] == "track 2 of 2 (Stereo)"
    assert row["transcript"] == "encoding utf-16; columns item, onset, offset"
    assert row["left_out"] == "no words: 3 x note ([door])"
    assert "commentary" in row["warnings"]
    assert set(row) == set(overview.COLUMNS)


def test_recordings_that_take_no_part_are_named_with_the_reason():
    table = pd.DataFrame(
        {
            "recording": ["sub-01_task-film", "sub-01_task-rest"],
            "warnings": [None, "takes no part: no film of the config claims it"],
        }
    )
    assert assemble.no_part(table) == [("sub-01_task-rest", "no film of the config claims it")]
    assert assemble.no_part(table[:1]) == []
    assert assemble.no_part(None) == []


@pytest.fixture(scope="module")
def podcast():
    config = made_up_results.config(2, ["language"])
    film = {**config["stimuli"]["film"], "video": None}
    return {**config, "stimuli": {"film": film}, "source": "bids"}


def test_of_a_podcast_the_answer_speaks_of_language_only(podcast):
    found = {"sites.tested": 20, "sites.all": 24, "subjects": 2, "rung.signal.of": 20,
             "rung.signal.count": 9, "verdict.language": 7}  # fmt: skip
    (sentence,) = story.answer(story.Numbers(found), podcast, {}, {})
    text = sentence.striptags()
    assert text.startswith(
        "Of 20 tested electrodes in 2 subjects (24 in all), some model predicts 9"
    )
    assert "7 hold the verdict “language”" in text
    assert "nothing is said of vision" in text
    said = " ".join(map(str, story.limits(story.Numbers(found), podcast, set())))
    assert "Nothing was shown." in said
    assert "There is one story" in said
    for word in ("interaction", "multimodal", "alignments"):
        assert word not in said


def test_a_film_s_answer_is_as_before():
    config = made_up_results.config(2, ["language", "vision"])
    assert story.has_pictures(config)
    found = {"sites.tested": 0, "sites.all": 24, "subjects": 2}
    assert "interaction" in " ".join(
        map(str, story.limits(story.Numbers(found), config, {"ceiling"}))
    )
