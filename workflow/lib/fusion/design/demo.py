"""Rules of the demo stage: what each job reads, and what shapes its result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusion.demo.spec import SimulateSpec, TrainDemoModelsSpec
from fusion.design import paths
from fusion.design.study import Study

DATASET_FILES = (
    "README",
    "participants.tsv",
    "participants.json",
    "space-MNI152NLin2009cAsym_electrodes.json",
)


@dataclass(frozen=True)
class Simulate:
    """A simulated BIDS film dataset with planted sites."""

    study: Study

    def files(self) -> list[str]:
        """Return the files of the recordings, and what describes all of them."""
        rows = self.study.recordings.values() if self.study.is_demo else ()
        own = [Path(path).relative_to(self.study.bids_root) for row in rows for path in row.files]
        return [f"{paths.BIDS}/{name}" for name in (*DATASET_FILES, *own)]

    def spec(self) -> dict[str, Any]:
        """Return what is simulated."""
        config = self.study.config
        subjects = [f"{k + 1:02d}" for k in range(config["simulate"]["subjects"])]
        return SimulateSpec.take(
            {key: value for key, value in config["simulate"].items() if key != "subjects"},
            seed=config["seed"],
            subjects=subjects,
        ).plain()


@dataclass(frozen=True)
class TrainDemoModels:
    """The demo's networks, trained from scratch."""

    study: Study

    def spec(self) -> dict[str, Any]:
        """Return how they are trained."""
        config = self.study.config
        return TrainDemoModelsSpec.take(config["demo_models"], seed=config["seed"]).plain()
