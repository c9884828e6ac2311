"""The paper's design as a dataset of empty files: enough for a dry run, which looks at names
only.
"""

from pathlib import Path

import yaml

VISION_LANGUAGE = ["slip", "slip_clip", "albef", "blip", "flava", "lxmert", "visualbert"]
VISION = ["slip_simclr", "beit", "convnext"]
LANGUAGE = ["sbert", "simcse"]
LINEAR = "simcse_slip_simclr"


def contrasts() -> dict:
    """Return the paper's comparisons: the tests of multimodality, trained against random, true
    against shuffled pairing, each alone.
    """
    every = VISION_LANGUAGE + VISION + LANGUAGE
    made = {
        "slip_vs_simclr": {"a": "slip", "b": "slip_simclr", "role": "matched"},
        "clip_vs_simclr": {"a": "slip_clip", "b": "slip_simclr"},
        "slip_vs_clip": {"a": "slip", "b": "slip_clip"},
        "multimodal_vs_unimodal": {
            "a": VISION_LANGUAGE,
            "b": VISION + LANGUAGE,
            "role": "multimodal",
        },
        "multimodal_vs_linear": {
            "a": VISION_LANGUAGE,
            "b": [LINEAR, "slip_simclr", "simcse"],
            "role": "linear",
        },
        "first_vs_second": {"a": {"rank": 1, "of": every}, "b": {"rank": 2, "of": every}},
    }
    for model in every:
        made[f"{model}_vs_nothing"] = {"a": model, "b": "nothing"}
        made[f"{model}_trained_vs_random"] = {
            "a": model,
            "b": [f"{model}-random{k}" for k in range(3)],
        }
    for model in VISION_LANGUAGE:
        made[f"{model}_true_vs_shuffled"] = {"a": model, "b": f"{model}-trained-shuffled0"}
    return made


def write(folder: Path, subjects: int = 7) -> Path:
    """Write an empty dataset and its config below ``folder``; return the config's path."""
    root = folder / "bids"
    stimuli = {}
    for k in range(subjects):
        ieeg = root / f"sub-{k + 1:03d}" / "ieeg"
        ieeg.mkdir(parents=True)
        film = f"film{k % 21}"
        stem = f"sub-{k + 1:03d}_task-{film}"
        for suffix in (
            "ieeg.vhdr",
            "ieeg.vmrk",
            "ieeg.eeg",
            "ieeg.json",
            "channels.tsv",
            "events.tsv",
        ):
            (ieeg / f"{stem}_{suffix}").touch()
        for suffix in ("electrodes.tsv", "coordsystem.json"):
            (ieeg / f"sub-{k + 1:03d}_space-MNI152NLin2009cAsym_{suffix}").touch()
        stimuli[film] = {
            "video": f"stimuli/{film}.mp4",
            "transcript": {"file": f"stimuli/{film}.tsv", "format": "words"},
            "recordings": {"task": film},
            "film_zero": {"rule": "recording_start"},
        }
    (root / "stimuli").mkdir()
    for name in stimuli:
        (root / "stimuli" / f"{name}.mp4").touch()
        (root / "stimuli" / f"{name}.tsv").write_text("word\tonset_s\toffset_s\n")
    config = {
        "dataset": "paper_design",
        "source": "bids",
        "root": str(root),
        "stimuli": stimuli,
        "models": VISION_LANGUAGE + VISION + LANGUAGE + [LINEAR],
        "random_inits": 3,
        "events": {"shuffled_pairings": 8},
        "contrasts": contrasts(),
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path
