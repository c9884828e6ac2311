"""Encoders of sound of transformers: Whisper's encoder, wav2vec 2.0, WavLM, HuBERT."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import transformers

from fusion.io.errors import InputError
from fusion.models.families.transformers_text import model_of
from fusion.models.run import images
from fusion.models.run.network import Batch, Hearing, Items, Network
from fusion.models.spec import Row, Weights
from fusion.stimuli.waveform import RATE_HZ

#: Samples between the frames of an encoder: 20 ms in all of these networks.
STEP = 320


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: a folder of transformers' own layout with its feature extractor.

    Whisper's decoder is left out. ``architecture`` is read as for text models. Sound is processed
    as the checkpoint's ``preprocessor_config.json`` says."""
    model = model_of(row, weights, trained)
    extractor = _extractor(weights)
    if hasattr(model, "decoder") and hasattr(model, "encoder"):
        del model.decoder
        return _whisper(model, extractor, weights)
    if not hasattr(model, "_get_feat_extract_output_lengths") or not hasattr(
        model.config, "conv_stride"
    ):
        raise row.error(
            "architecture.class",
            type(model).__name__,
            "Whisper, or an encoder of the waveform: wav2vec 2.0, WavLM, HuBERT",
        )
    return _waveform(model, extractor, weights)


def _extractor(weights: Weights) -> Any:
    """Return the checkpoint's feature extractor.

    Raises
    ------
    InputError
        If there is none, or it is not for 16 kHz.
    """
    try:
        extractor = transformers.AutoFeatureExtractor.from_pretrained(  # type: ignore[no-untyped-call]
            weights.path, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        raise InputError(
            weights.path,
            "preprocessor_config.json",
            (str(error).splitlines() or [type(error).__name__])[0],
            "a feature extractor of sound that transformers can read",
        ) from None
    if extractor.sampling_rate != RATE_HZ:
        raise InputError(
            weights.path,
            "preprocessor_config.json, sampling_rate",
            str(extractor.sampling_rate),
            str(RATE_HZ),
        )
    return extractor


def _heard(items: Items) -> list[np.ndarray]:
    return list(images.needed(items.images))


def _whisper(
    model: Any,
    extractor: Any,
    weights: Weights,
) -> Network:
    """Return Whisper's encoder: the window stands at the start of what it takes (30 s), and silence
    fills the rest.
    """
    hearing = Hearing()
    n_tokens = model.config.max_source_positions

    def prepare(items: Items) -> Batch:
        heard = _heard(items)
        samples = len(heard[0])
        if samples > min(extractor.n_samples, n_tokens * STEP):
            raise InputError(
                "config",
                "key events.sound_s",
                f"{samples / RATE_HZ:g}",
                f"at most {min(extractor.n_samples, n_tokens * STEP) / RATE_HZ:g}, which the"
                f" network of {weights.source} takes",
            )
        made = extractor(heard, sampling_rate=RATE_HZ, return_tensors="pt", padding="max_length")
        read = read_tokens(n_tokens, samples, hearing.read)
        return {
            "input_features": made["input_features"],
            "read": torch.from_numpy(read).expand(len(heard), -1),
        }

    def run(batch: Batch) -> None:
        model.encoder(batch["input_features"])

    return Network(
        model,
        prepare,
        run,
        tokens=lambda path, batch: batch["read"],
        hearing=hearing,
        notes=_notes(extractor),
    )


def _waveform(
    model: Any,
    extractor: Any,
    weights: Weights,
) -> Network:
    """Return an encoder that takes the waveform itself."""
    hearing = Hearing()
    step = int(np.prod(model.config.conv_stride))

    def prepare(items: Items) -> Batch:
        heard = _heard(items)
        samples = len(heard[0])
        n_tokens = int(model._get_feat_extract_output_lengths(samples))
        if n_tokens < 1:
            raise InputError(
                "config",
                "key events.sound_s",
                f"{samples / RATE_HZ:g}",
                f"more, for the network of {weights.source}",
            )
        made = extractor(heard, sampling_rate=RATE_HZ, return_tensors="pt")
        read = read_tokens(n_tokens, samples, hearing.read, step)
        return {
            "input_values": made["input_values"],
            "read": torch.from_numpy(read).expand(len(heard), -1),
        }

    def run(batch: Batch) -> None:
        model(batch["input_values"])

    return Network(
        model,
        prepare,
        run,
        tokens=lambda path, batch: batch["read"],
        hearing=hearing,
        notes=_notes(extractor),
    )


def _notes(extractor: Any) -> dict[str, str]:
    kept = ("sampling_rate", "feature_size", "n_fft", "hop_length", "do_normalize")
    told = ", ".join(f"{key} {getattr(extractor, key)}" for key in kept if hasattr(extractor, key))
    return {"preprocessing": f"{type(extractor).__name__}: {told}"}


def read_tokens(n_tokens: int, samples: int, read: int, step: int = STEP) -> np.ndarray:
    """Return which frames (n_tokens,) of an encoder a layer is averaged over.

    Frame k begins at sample ``k * step``. Counted are the frames that begin in the last ``read`` of
    ``samples`` samples; the last frame always is.
    """
    begins = np.arange(n_tokens) * step
    counted = (begins >= samples - read) & (begins < samples)
    if not counted.any():
        counted[np.flatnonzero(begins < samples)[-1]] = True
    return counted
