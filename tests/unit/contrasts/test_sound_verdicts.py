"""Verdicts where networks of sound and motion are asked beside those of words and frames."""

import numpy as np
import pytest

from fusion.contrasts import verdicts

YES, NO = 1e-6, 0.6


def decided(**p):
    """Return verdict and reason of one site; p-values by role, in two alignments."""
    roles = {role: np.array([[value, value]]) for role, value in p.items()}
    table = verdicts.decide(verdicts.verdict_p(roles), np.array([True]), 0.05, "bh")
    return table.iloc[0]


BASE = {"multimodal": NO, "linear": NO, "signal": YES, "vision": NO, "language": NO}


@pytest.mark.parametrize(
    ("p", "verdict"),
    [
        ({"language": YES, "audio": NO, "language_vs_audio": YES}, "language"),
        ({"language": YES, "audio": YES, "language_vs_audio": YES}, "language"),
        ({"language": YES, "audio": YES, "language_vs_audio": 1 - YES}, "audio"),
        ({"language": YES, "audio": YES, "language_vs_audio": 0.5}, "undecided"),
        ({"language": YES, "audio": YES}, "undecided"),
        ({"audio": YES, "language_vs_audio": 1 - YES}, "audio"),
        ({"audio": YES}, "audio"),
        # No other model finds signal there.
        ({"audio": YES, "signal": NO}, "audio"),
        ({"audio": NO, "signal": NO}, "none"),
        ({"vision": YES, "video": YES, "vision_vs_video": 1 - YES}, "video"),
        ({"vision": YES, "video": YES, "vision_vs_video": YES}, "vision"),
        ({"vision": YES, "audio": YES}, "undecided"),
        ({"language": YES, "video": YES, "vision": NO}, "vision and language"),
        ({"multimodal": YES, "linear": YES, "audio": YES, "multimodal_vs_audio": NO}, "audio"),
        (
            {"multimodal": YES, "linear": YES, "audio": YES, "multimodal_vs_audio": YES},
            "beats linear",
        ),
    ],
)
def test_verdicts_with_sound_and_motion(p, verdict):
    assert decided(**BASE | p)["verdict"] == verdict


def test_reasons_say_what_was_beaten():
    site = decided(**BASE | {"language": YES, "audio": YES, "language_vs_audio": 1 - YES})
    assert "follows audio (q = " in site["because"]
    assert "vision (q = " in site["because"]
    assert "not language (q = " in site["because"]
    assert "which predicts it worse" in site["because"]


def test_columns_are_those_of_the_roles():
    assert "q_audio" not in decided(**BASE)
    site = decided(**BASE | {"audio": YES, "language_vs_audio": NO})
    assert {"q_audio", "q_language_vs_audio", "q_audio_vs_language"} <= set(site.index)
    assert "q_video" not in site


def test_the_verdict_without_sound():
    roles = BASE | {"language": YES, "audio": YES, "language_vs_audio": 1 - YES}
    p = {role: np.array([[value, value]]) for role, value in roles.items()}
    assert verdicts.without_finer(p, np.array([True]), 0.05, "bh").tolist() == ["language"]


def test_without_sound_nothing_changes():
    rng = np.random.default_rng(0)
    roles = ("multimodal", "linear", "matched", "signal", "vision", "language")
    p = {role: rng.uniform(size=(60, 2)) ** 4 for role in roles}
    plain = verdicts.decide(verdicts.verdict_p(p), np.ones(60, bool), 0.05, "bh")
    nothing = p | {"audio": np.ones((60, 2)), "language_vs_audio": np.full((60, 2), 0.5)}
    asked = verdicts.decide(verdicts.verdict_p(nothing), np.ones(60, bool), 0.05, "bh")
    assert plain["verdict"].tolist() == asked["verdict"].tolist()
    assert plain["verdict"].nunique() >= 4
    for column in plain:
        if column.startswith("q_"):
            np.testing.assert_array_equal(plain[column], asked[column])
