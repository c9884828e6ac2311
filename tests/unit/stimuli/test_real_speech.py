"""Ten minutes of an audiobook that naplib ships, with its scripts and its own auditory spectrogram:
sound, features and events of a film with that sound, by number.
"""

import importlib.util
from fractions import Fraction
from pathlib import Path

import av
import h5py
import numpy as np
import pytest
from helpers.scripts import run_script
from scipy.signal import resample_poly

from fusion.io import labelled
from fusion.io.tables import read_tsv
from fusion.stimuli import film, lowlevel, sound, waveform
from fusion.stimuli.spec import EventsSpec, SoundSpec, TranscriptSpec

# Found without importing it: the package asks for much that its data do not need.
FOUND = importlib.util.find_spec("naplib")
DATA = FOUND and Path(FOUND.submodule_search_locations[0], "io", "sample_data", "demo_data.mat")
pytestmark = pytest.mark.skipif(
    not (DATA and DATA.is_file()), reason="real speech comes with naplib (pip install --no-deps)"
)
RATE = 11_025
TRIALS = (0, 1, 2)


@pytest.fixture(scope="module")
def speech():
    """Sound (n_samples,), auditory spectrogram (n_times, 128) at 100 Hz, script of three trials."""
    with h5py.File(DATA) as file:
        out = file["out"]

        def of(key, k):
            return file[out[key][k, 0]][:]

        assert sum(of("duration", k)[0, 0] for k in range(10)) == pytest.approx(644.41, abs=0.01)
        assert {of("soundf", k)[0, 0] for k in range(10)} == {RATE}
        return [
            (
                of("sound", k).ravel(),
                of("aud", k),
                "".join(map(chr, of("script", k).ravel())),
                of("befaft", k).ravel(),
            )
            for k in TRIALS
        ]


@pytest.fixture(scope="module")
def made(speech, tmp_path_factory):
    """A folder with a film of the speech, five pictures a second, and subtitles of its scripts."""
    folder = tmp_path_factory.mktemp("speech")
    heard = np.concatenate([sound for sound, *_ in speech])
    with av.open(str(folder / "film.mkv"), "w") as file:
        pictures = file.add_stream("libx264", rate=5, options={"preset": "ultrafast"})
        pictures.width = pictures.height = 32
        pictures.pix_fmt = "yuv420p"
        track = file.add_stream("pcm_s16le", rate=RATE, layout="mono")
        black = np.zeros((32, 32, 3), np.uint8)
        for _ in range(int(len(heard) / RATE * 5)):
            file.mux(pictures.encode(av.VideoFrame.from_ndarray(black, format="rgb24")))
        file.mux(pictures.encode())
        pcm = np.round(heard * 32_767).astype(np.int16)
        for start in range(0, len(pcm), 4096):
            frame = av.AudioFrame.from_ndarray(pcm[None, start : start + 4096], "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            file.mux(track.encode(frame))
        file.mux(track.encode())
    lines, start = [], 0.0
    for number, (sound_, _, script, (before, after)) in enumerate(speech, 1):
        stop = start + len(sound_) / RATE
        shown = " --> ".join(_clock(t) for t in (start + before, stop - after))
        lines.append(f"{number}\n{shown}\n{script}\n")
        start = stop
    (folder / "film.srt").write_text("\n".join(lines))
    run_script("sound", {"film": folder / "film.mkv"}, {"sound": folder / "s.nc"}, SoundSpec("f"))
    return folder, heard


def _clock(t):
    return f"{int(t // 3600):02d}:{int(t // 60 % 60):02d}:{t % 60:06.3f}".replace(".", ",")


def test_the_waveform_is_the_speech_at_16_khz(made):
    folder, heard = made
    with labelled.open_labelled(folder / "s.nc") as store:
        found = store["waveform"].to_numpy()
    assert abs(len(found) - len(heard) / RATE * 16_000) < 16
    direct = resample_poly(heard, 640, 441)
    n = min(len(found), len(direct))
    assert np.corrcoef(found[:n], direct[:n])[0, 1] > 0.999


def test_the_envelope_is_that_of_the_packages_spectrogram(made, speech):
    with labelled.open_labelled(made[0] / "s.nc") as store:
        spectrum = sound.spectrum(waveform.blocks(store["waveform"]), 8)
    start = 0.0
    for one, auditory, *_ in speech:
        first = round(start * 100)
        ours = 10 ** (spectrum[first : first + len(auditory), 0] / 20)
        theirs = auditory[: len(ours)].mean(1)
        r = [np.corrcoef(ours[10:-10], np.roll(theirs, lag)[10:-10])[0, 1] for lag in range(-5, 6)]
        assert max(r) > 0.85
        # Their filters take a frame or two to answer.
        assert abs(int(np.argmax(r)) - 5) <= 3
        start += len(one) / RATE


def test_every_word_of_the_scripts_is_an_event_in_speech(made, speech):
    folder, heard = made
    run_script(
        "transcript",
        {"transcript": folder / "film.srt"},
        {"words": folder / "words.tsv", "notes": folder / "notes.json"},
        TranscriptSpec(
            format="srt",
            tier=None,
            per_second=1,
            zero_s=0,
            labels=(),
            language="en",
            sentence_gap_s=0.3,
            longest_sentence=500,
        ),
    )
    spec = EventsSpec(
        stimulus="film",
        alignments=("language",),
        text="sentence_so_far",
        text_window_words=9,
        previous_sentences=0,
        min_spacing_s=0,
        stop_words=(),
        frame_offset_s=0,
        shuffled_pairings=0,
        shuffle_min_shift_s=60,
        seed=0,
    )
    run_script(
        "events",
        {"film": folder / "film.mkv", "words": folder / "words.tsv"},
        {
            "events": [folder / "events.tsv"],
            "counts": [folder / "counts.tsv"],
            "film": folder / "film.json",
        },
        spec,
    )
    events = read_tsv(folder / "events.tsv")
    words = [word for *_, script, _ in speech for word in script.split()]
    assert len(words) == 515
    assert events["word"].tolist() == words
    with labelled.open_labelled(folder / "s.nc") as store:
        spectrum = sound.spectrum(waveform.blocks(store["waveform"]), 8)
        windows = waveform.windows(
            store["waveform"], waveform.stops(events["onset_s"].to_numpy()), 16_000
        )
    features = lowlevel.acoustic(spectrum, events["onset_s"].to_numpy(), (0, 0.5))
    assert features.shape == (len(words), 9)
    silence = spectrum[:90, 0].mean()
    assert features["envelope_db"].median() > silence + 20
    # The second before a word is the speech of that second.
    k = len(words) // 2
    end = round(events["onset_s"][k] * RATE)
    direct = resample_poly(heard[end - RATE : end], 640, 441)[:16_000]
    assert np.corrcoef(windows[k][100:-100], direct[100:-100])[0, 1] > 0.99
    assert film.read_clock(folder / "film.mkv").zero_s == 0
