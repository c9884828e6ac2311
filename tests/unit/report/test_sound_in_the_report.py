"""The report's table and sentence on whether verdicts of language hold against sound."""

import pandas as pd

from fusion.report import controls, numbers, story

SITES = pd.DataFrame(
    {
        "subject": ["01"] * 5,
        "electrode": list("abcde"),
        "verdict": ["language", "audio", "audio", "vision", "language"],
        "verdict_without_audio": ["language", "language", "none", "vision", "language"],
    }
)
PARTITION = pd.DataFrame(
    {
        "subject": "01",
        "electrode": ["a", "a", "b", "b", "d", "d"],
        "band": ["language", "audio"] * 3,
        "q": [0.01, 0.9, 0.7, 0.01, 0.01, 0.5],
    }
)


def test_verdicts_without_and_with_sound_are_counted():
    table = controls.sound_table(SITES, PARTITION, 0.05).set_index(["without", "verdict"])
    assert table.loc[("language", "language")].tolist() == [2, 1]
    assert table.loc[("language", "audio")].tolist() == [1, 0]
    assert table.loc[("vision", "vision")].tolist() == [1, 1]
    assert table["n"].sum() == len(SITES)
    assert "unique_language" not in controls.sound_table(SITES, None, 0.05)


def test_the_sentence_counts_what_holds():
    found = numbers.of_sound(SITES, PARTITION, 0.05)
    assert found == {
        "audio.language": 3,
        "audio.kept": 2,
        "audio.follow": 2,
        "audio.unique": 1,
    }
    [sentence] = story.sound(story.Numbers(found))
    text = sentence.striptags()
    assert "Of 3 verdicts of language, 2 hold against the best network of sound" in text
    assert "at 1 of them the language band adds" in text
    assert text.endswith("2 electrodes follow sound.")


def test_nothing_is_said_where_no_network_of_sound_was_asked():
    silent = SITES.drop(columns="verdict_without_audio")
    assert controls.sound_table(silent, PARTITION, 0.05) is None
    assert numbers.of_sound(silent, PARTITION, 0.05) == {}
    assert story.sound(story.Numbers({})) == []
