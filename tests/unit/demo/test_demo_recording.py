import numpy as np
import pandas as pd
import pytest
from scipy import signal

from fusion.demo import recording, scenes, sources, speech

RNG = np.random.default_rng
SFREQ = 128
ONE_THING = ("vision", "language", "colour")


def laplacian(data):
    return data[1:-1] - (data[:-2] + data[2:]) / 2


def seen(data):
    spectrum = np.fft.rfft(data, axis=-1)
    freqs = np.fft.rfftfreq(data.shape[-1], 1 / SFREQ)
    spectrum[..., (freqs < recording.SEEN_HZ[0]) | (freqs > recording.SEEN_HZ[1])] = 0
    return np.fft.irfft(spectrum, data.shape[-1], axis=-1)


@pytest.mark.parametrize("contacts", [4, 8, 11])
def test_the_laplacian_shows_a_source_at_its_own_contact_only(contacts):
    for source in range(1, contacts - 1):
        seen_by = recording.conduction(source, contacts)
        expected = np.zeros(contacts - 2)
        expected[source - 1] = 1
        assert np.allclose(laplacian(seen_by), expected)
        assert seen_by[0] == seen_by[-1] == 0
        assert (seen_by[1:-1] > 0).all()


def test_pink_noise_is_pink_and_of_unit_sd_where_it_is_seen():
    noise = recording.pink_noise(6, 300 * SFREQ, SFREQ, RNG(0)).astype(float)
    assert seen(noise).std(axis=-1) == pytest.approx(np.ones(6), rel=0.12)
    freqs, power = signal.welch(noise, SFREQ, nperseg=20 * SFREQ)
    band = (freqs > 0.3) & (freqs < 40)
    slopes = [np.polyfit(np.log(freqs[band]), np.log(p[band]), 1)[0] for p in power]
    assert slopes == pytest.approx([-1] * 6, abs=0.1)
    assert np.abs(np.corrcoef(noise) - np.eye(6)).max() < 0.3


def test_no_source_has_a_source_beside_it_or_at_the_end():
    for seed in range(5):
        contacts = recording.implant("01", 3, 8, RNG(seed))
        for _, shaft in contacts.groupby("shaft"):
            planted = (shaft["planted"] != "none").to_numpy()
            assert not planted[0] and not planted[-1]
            assert not (planted[1:] & planted[:-1]).any()
        kinds = {"vision", "language", "colour", "both", "joint", "none"}
        assert set(contacts["planted"]) == kinds
        bad = contacts[contacts["status"] == "bad"]
        assert len(bad) == 1 and (bad["planted"] == "none").all()
        assert contacts["electrode"].is_unique
        assert (contacts["x"].gt(0) == contacts["hemisphere"].eq("R")).all()
        assert contacts["region"].str.contains("ctx-lh").eq(contacts["hemisphere"].eq("L")).all()


def test_the_recording_has_the_effect_that_was_asked_for():
    contacts = recording.implant("01", 2, 8, RNG(1)).iloc[:8].reset_index(drop=True)
    site = contacts.loc[contacts["planted"].isin(ONE_THING), "electrode"].iloc[0]
    row = contacts.index[contacts["electrode"] == site][0]
    course = seen(RNG(2).standard_normal(300 * SFREQ))
    data = recording.record(contacts, {site: course}, 5.0, 5.0, SFREQ, 0.8, RNG(3)).astype(float)
    assert data.shape == (8, 310 * SFREQ)
    film = seen(laplacian(data)[:, 5 * SFREQ : -5 * SFREQ])
    noise = np.delete(film, row - 1, axis=0).std()
    x = course / course.std()
    gain = (film[row - 1] * x).mean()
    assert gain / noise == pytest.approx(0.8, rel=0.1)
    # and its neighbours have nothing of it
    others = np.abs([np.corrcoef(channel, x)[0, 1] for channel in np.delete(film, row - 1, axis=0)])
    assert others.max() < 0.1
    line = np.abs(np.fft.rfft(data[:, : 4 * SFREQ], axis=1))
    freqs = np.fft.rfftfreq(4 * SFREQ, 1 / SFREQ)
    for channel in line:
        assert channel[np.isclose(freqs, 60)] > 5 * channel[np.abs(freqs - 57) < 1].max()


def test_a_bad_contact_is_loud():
    contacts = recording.implant("01", 2, 6, RNG(4))
    course = RNG(5).standard_normal(60 * SFREQ)
    site = contacts.loc[contacts["planted"].isin(ONE_THING), "electrode"].iloc[0]
    data = recording.record(contacts, {site: course}, 1.0, 1.0, SFREQ, 1.0, RNG(6))
    loud = data.std(1)
    assert loud[-1] > 1.5 * np.delete(loud, -1).max()


def test_sources_follow_and_never_lead():
    cuts = np.array([0.0, 3.0, 6.0, 9.0])
    base = sources.scene_source(np.array([1.0, -1, 1, -1]), cuts, 12, SFREQ, 0.3)
    assert base.mean() == pytest.approx(0, abs=1e-9) and base.std() == pytest.approx(1)
    # unstandardised: a later scene changes nothing before its own cut
    one = sources._held(np.array([1.0, -1, 1, -1]), cuts, 12, SFREQ)
    other = sources._held(np.array([1.0, -1, 1, 5]), cuts, 12, SFREQ)
    assert np.array_equal(one[: 9 * SFREQ], other[: 9 * SFREQ]) and not np.array_equal(one, other)
    response = sources.kernel(0.3, 1000)
    assert np.argmax(response) == 300 and response.max() == pytest.approx(1)


def test_word_source_equals_a_sum_of_kernels():
    onsets, values = np.array([1.0, 1.5, 4.0]), np.array([1.0, -2.0, 0.5])
    got = sources.word_source(values, onsets, 8, SFREQ, 0.25)
    t = np.arange(8 * SFREQ) / SFREQ
    expected = np.zeros_like(t)
    for onset, value in zip(onsets, values, strict=True):
        after = np.clip(t - onset, 0, None) / 0.25
        expected += value * np.where(after < 6, (after * np.exp(1 - after)) ** 3, 0)
    expected = (expected - expected.mean()) / expected.std()
    assert np.allclose(got, expected, atol=1e-6)


def test_language_sites_are_told_nothing_about_the_screen():
    content = scenes.draw_scenes(200, RNG(7))
    onsets = np.arange(200) * 3.0
    words = speech.draw_words(600, onsets, content, RNG(8))
    about = words["on_screen"].to_numpy()
    assert 0.3 < about.mean() < 0.7
    assert np.all(sources.word_features(words)[about] == 0)
    # whereas a story's words mean something
    assert np.abs(sources.word_features(words)[~about]).sum(1).astype(bool).mean() > 0.7


def test_meaning_so_far_is_a_running_mean():
    words = pd.DataFrame(
        {"word": ["the", "king", "runs", "a", "dog"], "sentence_id": ["s0", "s0", "s0", "s1", "s1"]}
    )
    so_far = sources.word_features(words)[:, 4:]
    king, runs, dog = (np.array(speech.LEXICON[w]) for w in ("king", "runs", "dog"))
    assert np.allclose(so_far, [0 * king, king / 2, (king + runs) / 3, 0 * dog, dog / 2])


def test_transcript_is_in_order_and_true():
    content = scenes.draw_scenes(100, RNG(9))
    onsets = np.arange(100) * 2.5
    words = speech.draw_words(250, onsets, content, RNG(10))
    assert (words["offset_s"] > words["onset_s"]).all()
    assert (words["onset_s"].to_numpy()[1:] >= words["offset_s"].to_numpy()[:-1]).all()
    assert words["offset_s"].max() < 250
    for _, sentence in words.groupby("sentence_id"):
        assert " ".join(sentence["word"]) == sentence["sentence"].iloc[0]
        if sentence["on_screen"].iloc[0]:
            scene = content.iloc[int(sentence["onset_s"].iloc[0] // 2.5)]
            assert {
                scene["colour_1"],
                scene["colour_2"],
                scene["shape_1"],
                scene["shape_2"],
            } <= set(sentence["word"])
    assert set(words["word"]) <= set(speech.vocabulary())


def test_a_match_takes_both_the_words_and_the_screen():
    content = pd.DataFrame(
        {"colour_1": ["red", "blue"], "colour_2": ["green", "blue"], "size_1": 0.1, "size_2": 0.1}
    )
    words = pd.DataFrame(
        {
            "word": ["a", "red", "king", "blue", "blue", "red"],
            "onset_s": [0.0, 1, 2, 3, 6, 7],
            "sentence_id": ["s0", "s0", "s0", "s0", "s1", "s1"],
        }
    )
    found = sources.matches(words, np.array([0.0, 5.0]), content)
    # red is there, blue is not; then the scene changes: blue is there, red is not
    assert found.tolist() == [0, 1, 1, 0, 1, 0]


def test_a_site_of_two_things_follows_each_as_strongly_as_others_follow_one():
    cuts, words = np.arange(0, 60, 2.5), np.arange(1, 59, 0.5)
    rng = RNG(4)
    features = {
        "colour": rng.standard_normal((len(cuts), 3)),
        "match": rng.standard_normal((len(words), 1)),
    }
    course = sources.site_course("joint", features, cuts, words, 60.0, SFREQ, RNG(5))
    again, parts = RNG(5), []
    for part, follow, onsets in (
        ("colour", sources.scene_source, cuts),
        ("match", sources.word_source, words),
    ):
        peak_s = sources.PEAK_S[part] * again.uniform(0.85, 1.15)
        parts.append(follow(sources.code(features[part], again), onsets, 60.0, SFREQ, peak_s))
    added = sum(parts)
    assert np.allclose(course, (added - added.mean()) / added.std())
    assert sources.strength("joint") == pytest.approx(2**0.5) and sources.strength("vision") == 1


def test_site_code_is_a_standardised_weighting():
    features = RNG(11).normal(3, 2, (50, 4))
    features[:, 2] = 7  # a feature that never changes takes no part
    got = sources.code(features, RNG(12))
    assert got.mean() == pytest.approx(0, abs=1e-12) and got.std() == pytest.approx(1)
    design = np.column_stack([np.ones(50), features[:, [0, 1, 3]]])
    assert np.allclose(design @ np.linalg.lstsq(design, got, rcond=None)[0], got)
