"""Networks of sound and motion, run by the script on a film's waveform and pictures, equal direct
calls of their library on the same moments.
"""

import numpy as np
import pandas as pd
import pytest
import tiny_checkpoints as tiny
import torch
import transformers as T
from helpers.networks import row_of, weights_at
from helpers.scripts import run_script

from fusion.io import labelled
from fusion.io.errors import InputError
from fusion.io.tables import write_tsv
from fusion.models.families.transformers_audio import read_tokens
from fusion.models.run import images
from fusion.models.run.weights import write_weights
from fusion.models.spec import ActivationsSpec, Heard
from fusion.stimuli import waveform
from fusion.stimuli.spec import Clip

RATE = waveform.RATE_HZ
CLOSE = 1e-6
EVENTS = pd.DataFrame(
    {
        "event": list("abcde"),
        "onset_s": [0.4, 2.5, 2.50005, 3.3, 5.9],
        "frame": [10, 62, 63, 82, 147],
        "text": "words",
    }
)
PICTURE_S = np.arange(150) / 25
WAVES = {
    "wav2vec2": (T.Wav2Vec2Model, T.Wav2Vec2Config),
    "wavlm": (T.WavLMModel, T.WavLMConfig),
    "hubert": (T.HubertModel, T.HubertConfig),
}


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Six seconds of noise and pictures, as the rules ``sound`` and ``frames`` write them."""
    folder, rng = tmp_path_factory.mktemp("film"), np.random.default_rng(0)
    sound = 0.1 * rng.standard_normal(6 * RATE).astype(np.float32)
    images = rng.integers(0, 256, (150, 40, 56, 3), dtype=np.uint8)
    with labelled.create(folder / "sound.nc", {}) as file:
        waveform.write(file, iter([sound]))
    with labelled.create(folder / "frames.nc", {"frame": np.arange(150)}) as file:
        for name, n in {"y": 40, "x": 56, "rgb": 3, "picture": 150}.items():
            labelled.add_dimension(file, name, n)
        labelled.add(file, "image", ("frame", "y", "x", "rgb"), images)
        labelled.add(file, "picture_s", ("picture",), PICTURE_S)
    write_tsv(EVENTS, folder / "events.tsv")
    return folder, sound, images


def activations(film, folder, out, **given):
    """Return layer -> (event, feature) that the script writes."""
    kind = given.pop("kind")
    spec = ActivationsSpec.read(
        {
            "stimulus": "film",
            "model": "tiny",
            "row": row_of(**given.pop("row")).plain(),
            "seed": 0,
            "projection": "none",
            "jl_eps": 0.1,
            "project_up": False,
            "batch_size": None,
            "device": "cpu",
            "autocast": False,
            "truncate": "right",
            "heard": None,
            "clip": None,
            **given,
        }
    )
    write_weights(weights_at(folder), out / "weights.json")
    run_script(
        "activations",
        {
            "weights": out / "weights.json",
            "events_language": [film[0] / "events.tsv"],
            kind: film[0] / f"{kind}.nc",
        },
        {"language_trained_true": out / "layers.nc"},
        spec,
    )
    with labelled.open_labelled(out / "layers.nc") as store:
        assert store["event"].to_numpy().tolist() == EVENTS["event"].tolist()
        return {
            store[name].attrs["layer"]: store[name].to_numpy()
            for name in store.data_vars
            if name.startswith("layer")
        }


def heard(film, **given):
    return Heard(**({"sound_s": 2.0, "sound_after_s": 0.0, "sound_read_ms": 500.0} | given)), film


def window(sound, onset_s, seconds=2.0):
    """Return the seconds before an event, by hand."""
    end, n = round(onset_s * RATE), round(seconds * RATE)
    return np.concatenate([np.zeros(n, np.float32), sound])[end : end + n]


def row(family, feed, modality, layers, **more):
    return {"family": family, "feed": feed, "modality": modality, "layers": layers, **more}


AUDIO = ("transformers_audio", "sound", "audio")


@torch.inference_mode()
@pytest.mark.parametrize("name", WAVES)
def test_encoders_of_the_waveform(film, tmp_path, name):
    make, config = WAVES[name]
    folder = tiny.wave_folder(tmp_path / "model", make, config)
    found = activations(
        film,
        folder,
        tmp_path,
        kind="sound",
        row=row(*AUDIO, {"encoder.layers.*": "mean", "feature_projection.projection": "mean"}),
        heard=heard(film)[0].plain(),
    )
    model, extract = make.from_pretrained(folder).eval(), T.Wav2Vec2FeatureExtractor()
    for i, onset_s in enumerate(EVENTS["onset_s"]):
        given = extract(window(film[1], onset_s), sampling_rate=RATE, return_tensors="pt")
        states = model(**given, output_hidden_states=True).hidden_states
        # 2 s give 99 frames; those from sample 24,000 on begin with number 75.
        assert states[1].shape[1] == 99
        expected = states[1][0, 75:].mean(0)
        assert np.abs(found["encoder.layers.0"][i] - expected.numpy()).max() < CLOSE
    assert set(found) == {
        "encoder.layers.0",
        "encoder.layers.1",
        "feature_projection.projection",
    }


@torch.inference_mode()
def test_whispers_encoder(film, tmp_path):
    extract = T.WhisperFeatureExtractor(feature_size=80, chunk_length=3)
    folder = tiny.whisper_folder(tmp_path / "model")
    found = activations(
        film,
        folder,
        tmp_path,
        kind="sound",
        row=row(*AUDIO, {"encoder.layers.*": "mean", "encoder.layer_norm": "mean"}),
        heard=heard(film)[0].plain(),
    )
    model = T.WhisperForConditionalGeneration.from_pretrained(folder).eval().model.encoder
    for i, onset_s in enumerate(EVENTS["onset_s"]):
        given = extract(window(film[1], onset_s), sampling_rate=RATE, return_tensors="pt")
        direct = model(given["input_features"], output_hidden_states=True)
        last = direct.last_hidden_state[0, 75:100].mean(0)
        assert np.abs(found["encoder.layer_norm"][i] - last.numpy()).max() < CLOSE
        first = direct.hidden_states[1][0, 75:100].mean(0)
        assert np.abs(found["encoder.layers.0"][i] - first.numpy()).max() < CLOSE
    with pytest.raises(InputError, match=r"events\.sound_s"):
        activations(
            film,
            folder,
            tmp_path,
            kind="sound",
            row=row(*AUDIO, {"encoder.layers.*": "mean"}),
            heard=heard(film, sound_s=4.0)[0].plain(),
        )


def test_a_click_moves_the_layers_of_events_that_come_after_it(film, tmp_path):
    """The click lies at the sample of the second event; the third, one sample later, hears it."""
    folder, sound, _ = film
    make, config = WAVES["wav2vec2"]
    model = tiny.wave_folder(tmp_path / "model", make, config)
    given = {
        "kind": "sound",
        "row": row(*AUDIO, {"encoder.layers.1": "mean"}),
        "heard": heard(film)[0].plain(),
    }
    quiet = activations(film, model, tmp_path, **given)["encoder.layers.1"]
    click = sound.copy()
    click[40_000] += 5
    loud = tmp_path / "loud"
    loud.mkdir()
    with labelled.create(loud / "sound.nc", {}) as file:
        waveform.write(file, iter([click]))
    write_tsv(EVENTS, loud / "events.tsv")
    moved = activations((loud,), model, tmp_path, **given)["encoder.layers.1"] != quiet
    # Windows of 2 s: the first two end before the click, the last begins after it.
    assert moved.any(1).tolist() == [False, False, True, True, False]
    later = given | {"heard": heard(film, sound_after_s=0.1)[0].plain()}
    before = activations(film, model, tmp_path, **later)["encoder.layers.1"]
    after = activations((loud,), model, tmp_path, **later)["encoder.layers.1"]
    assert (before != after).any(1).tolist() == [False, True, True, True, False]


def test_frames_that_are_read():
    assert np.flatnonzero(read_tokens(99, 32_000, 8_000)).tolist() == list(range(75, 99))
    assert np.flatnonzero(read_tokens(150, 32_000, 8_000)).tolist() == list(range(75, 100))
    assert np.flatnonzero(read_tokens(49, 16_000, 160)).tolist() == [48], "one at least"


def test_a_film_without_sound_is_an_error(film, tmp_path):
    make, config = WAVES["wav2vec2"]
    model = tiny.wave_folder(tmp_path / "model", make, config)
    with labelled.create(tmp_path / "sound.nc", {}) as file:
        waveform.write(file, iter([]))
    write_tsv(EVENTS, tmp_path / "events.tsv")
    given = {"kind": "sound", "row": row(*AUDIO, {"encoder.layers.1": "mean"})}
    with pytest.raises(InputError, match="without sound"):
        activations((tmp_path,), model, tmp_path, heard=heard(film)[0].plain(), **given)
    with pytest.raises(InputError, match="sound_read_ms"):
        activations(
            film, model, tmp_path, heard=heard(film, sound_read_ms=3000.0)[0].plain(), **given
        )


VIDEO = ("transformers_video", "clip", "video")
PREPROCESS = {"size": 32, "normalise": "imagenet"}


def direct_clip(images, frame, rate_hz, n=8):
    """Return the pictures of a clip by hand: the event's own and those before, at the rate."""
    times = [PICTURE_S[frame] - (n - 1 - k) / rate_hz for k in range(n)]
    return [images[max(0, int(np.floor(t * 25 + 1e-3)))] for t in times]


@torch.inference_mode()
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("name", ["videomae", "timesformer", "vjepa2"])
def test_networks_of_motion(film, tmp_path, name, own):
    """``own``: pictures are processed as the checkpoint says, else as the row says."""
    kinds = {
        "videomae": (T.VideoMAEModel, T.VideoMAEConfig),
        "timesformer": (T.TimesformerModel, T.TimesformerConfig),
    }
    if name == "vjepa2":
        make, folder = T.VJEPA2Model, tiny.vjepa_folder(tmp_path / "model")
        processor = T.VJEPA2VideoProcessor.from_pretrained(folder)
    else:
        make, folder = kinds[name][0], tiny.clip_folder(tmp_path / "model", *kinds[name])
        processor = T.VideoMAEImageProcessorPil.from_pretrained(folder)
    clip = {"pictures": 8, "rate_hz": 7.5}
    found = activations(
        film,
        folder,
        tmp_path,
        kind="frames",
        row=row(
            *VIDEO, {"encoder.layer.*": "mean"}, clip=clip, preprocess={} if own else PREPROCESS
        ),
        clip=Clip(8, 7.5, None).plain(),
    )["encoder.layer.1"]
    model = make.from_pretrained(folder).eval()
    layer = []
    model.get_submodule("encoder.layer.1").register_forward_hook(
        lambda module, given, output: layer.append(
            output if isinstance(output, torch.Tensor) else output[0]
        )
    )
    for i, frame in enumerate(EVENTS["frame"]):
        pictures = direct_clip(film[2], frame, 7.5)
        if own and name == "vjepa2":
            pixels = processor(np.stack(pictures), return_tensors="pt")["pixel_values_videos"]
        elif own:
            pixels = processor(pictures, return_tensors="pt")["pixel_values"]
        else:
            pixels = images.preprocess(np.stack(pictures), **PREPROCESS)[None]
        model(pixels)
        expected = layer[-1][0, 1 if name == "timesformer" else 0 :].mean(0)
        assert np.abs(found[i] - expected.numpy()).max() < CLOSE


@torch.inference_mode()
def test_a_flash_moves_the_layers_of_the_clips_that_show_it(film, tmp_path):
    model = tiny.clip_folder(tmp_path / "model")
    given = {
        "kind": "frames",
        "row": row(
            *VIDEO,
            {"encoder.layer.1": "mean"},
            clip={"pictures": 8, "rate_hz": 12.5},
            preprocess=PREPROCESS,
        ),
        "clip": Clip(8, 12.5, None).plain(),
    }
    dark = activations(film, model, tmp_path, **given)["encoder.layer.1"]
    flash = film[2].copy()
    flash[62] = 255
    bright = tmp_path / "bright"
    bright.mkdir()
    with labelled.create(bright / "frames.nc", {"frame": np.arange(150)}) as file:
        for name, n in {"y": 40, "x": 56, "rgb": 3, "picture": 150}.items():
            labelled.add_dimension(file, name, n)
        labelled.add(file, "image", ("frame", "y", "x", "rgb"), flash)
        labelled.add(file, "picture_s", ("picture",), PICTURE_S)
    write_tsv(EVENTS, bright / "events.tsv")
    moved = activations((bright,), model, tmp_path, **given)["encoder.layer.1"] != dark
    # Every second picture: 62 is in the clip of event b (62, 60 ..), not of c (63, 61 ..), and of d
    # (82, 80 .. 68) it is too early.
    assert moved.any(1).tolist() == [False, True, False, False, False]


def test_a_clip_of_another_length_is_an_error(film, tmp_path):
    model = tiny.clip_folder(tmp_path / "model")
    with pytest.raises(InputError, match=r"8, which"):
        activations(
            film,
            model,
            tmp_path,
            kind="frames",
            row=row(*VIDEO, {"encoder.layer.1": "mean"}, clip={"pictures": 4, "rate_hz": 5}),
            clip=Clip(4, 5.0, None).plain(),
        )
