"""What the shipped configs call electrodes that follow one stream, or the sum of two.

    python benchmarks/configs.py --subjects 20 > configs.txt

For each config the design says which fits its contrasts with a role compare, and what their models
were trained on. Models know what models of their modality would know (``fusion.simulation``):
networks of vision and language know both streams and more. Electrodes follow language alone, or
vision and language added up; no contrast between models should make integration of that. Everything
after the responses is done by the functions that the workflow runs, with the config's settings.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "lib"))

from fusion.contrasts import correct, sites
from fusion.contrasts.places import PLACE, merge_electrodes
from fusion.contrasts.spec import SITE_VERDICTS, SitesSpec
from fusion.design import config as settings_of
from fusion.design.calibration import NOT_SIMULATED, CalibrateWorld
from fusion.design.contrasts import Sites
from fusion.design.recordings import Recording
from fusion.design.study import Study
from fusion.encoding.spec import Settings
from fusion.seeds import rng_for
from fusion.simulation import planted
from fusion.simulation.calibration import run_world
from fusion.simulation.geometry import Geometry, synthetic
from fusion.simulation.spec import SimulationSpec

ROOT = Path(__file__).resolve().parents[1]
#: Files that are given together -> events of the film, and size of the effect.
CONFIGS = {
    "config.yaml": (1500, 1.0),
    "ds003688.yaml": (446, 2.5),
    "ds005574.yaml": (3000, 1.0),
    "dandi000623.yaml": (1000, 1.5),
    "treebank.yaml": (4000, 1.0),
    "ds003688.yaml real_networks.yaml": (446, 2.5),
    "treebank.yaml contrasts.yaml": (3000, 1.0),
    "treebank.yaml contrasts.yaml paper.yaml": (3000, 1.0),
}
WORLDS = ("language", "additive")
FILM = {
    "film": {
        "video": "film.mp4",
        "transcript": {"file": "words.tsv", "format": "words"},
        "recordings": {"task": "film"},
    }
}
BINS_MS = np.arange(0.0, 1001, 200)
ELECTRODES = 40


def study_of(files: tuple[str, ...]) -> Study:
    """Return the study of some configs, with films that need not exist."""
    given: dict = {}
    for name in files:
        own = yaml.safe_load((ROOT / "config" / name).read_text())
        nested = {key: one for key, one in own.items() if isinstance(one, dict)}
        given |= own | {key: given.get(key, {}) | one for key, one in nested.items()}
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    rows = yaml.safe_load((ROOT / "workflow/schemas/models.schema.yaml").read_text())
    zoo = settings_of.load_zoo(given.get("zoo", ["config/models.yaml"]), ROOT, rows)
    for key in ("root", "recordings", "convert", "treebank", "dandi"):
        given.pop(key, None)
    given |= {"source": "simulate", "stimuli": FILM}
    named = {"multimodal", "linear", "matched", "interaction", "signal", "vision", "language"}
    given["contrasts"] = {
        name: one for name, one in given["contrasts"].items() if one.get("role") in named
    }
    config = settings_of.resolve(given, schema, zoo)
    recording = Recording("sub-01_task-film", "01", "film.edf", (), "film")
    return Study(
        config=config,
        zoo=zoo,
        recordings={recording.name: recording},
        repository=ROOT,
        bids_root=ROOT,
        results=ROOT,
        shared=ROOT,
    )


def film(config: dict, n_events: int, seed: int) -> Geometry:
    """Return the events of a film, and the noise of a recording."""
    return synthetic(
        rng_for(seed, "configs", n_events),
        n_events,
        BINS_MS,
        ELECTRODES,
        bin_width_ms=config["responses"]["bin_width_ms"],
        high_pass_hz=config["ieeg"]["high_pass_hz"],
    )


def subject(study: Study, n_events: int, effect: float, world: str, number: int) -> pd.DataFrame:
    """Return the sites of one simulated subject."""
    simulations: dict[str, SimulationSpec] = {
        alignment: CalibrateWorld(study).simulation(alignment) for alignment in study.alignments
    }
    config, names = study.config, [f"E{k}" for k in range(ELECTRODES)]
    own = {key: one for key, one in config["encoding"].items() if key not in NOT_SIMULATED}
    settings = Settings(**own, keep_predictions=False)
    tables = []
    for k, (alignment, simulation) in enumerate(simulations.items()):
        n = n_events if alignment == "language" else n_events // 4
        geometry = film(config, n, k)
        rows = pd.concat(
            run_world(
                geometry,
                planted.kinds_of(world),
                [2 * number + k],
                simulation,
                effect=effect,
                settings=settings,
            )
        )
        tables.append(rows.assign(alignment=alignment))
    rows = pd.concat(tables, ignore_index=True)
    if config["statistics"]["procedure"] == "paper":
        rows["p"] = rows["p_binwise"]
    roles = {name: one.role for name, one in study.contrasts.items()}
    spec = replace(SitesSpec.read(Sites(study).spec()), roles=roles, subjects={})
    rows = rows.assign(
        subject="01",
        window=spec.window,
        tested=np.isfinite(rows["p"]),
        reason="",
        a="",
        b="",
        effect=rows["estimate"],
        ci_low=rows["estimate"],
        ci_high=rows["estimate"],
        t=rows["estimate"] / rows["se"],
        latency_ms=0.0,
    )
    places = pd.DataFrame({"electrode": names, "kept": True, "reason": None})
    places = places.reindex(columns=[*places.columns, *PLACE[2:]])
    table, _ = sites.site_table(
        merge_electrodes({("01", "film"): places}), correct.add_families(rows, spec), spec
    )
    return table[["electrode", "verdict"]].assign(number=number, world=world)


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=20)
    parser.add_argument("--configs", nargs="+", choices=CONFIGS, default=list(CONFIGS))
    parser.add_argument("--scale", type=float, default=1.0, help="of the sizes of effects")
    asked = parser.parse_args()
    columns = ("config", "world", "electrodes", "integration", "beats unimodal or better")
    print("| " + " | ".join((*columns, "other verdicts")) + " |")
    print("|" + " --- |" * 6)
    for name in asked.configs:
        n_events, effect = CONFIGS[name]
        study = study_of(tuple(name.split()))
        for world in WORLDS:
            start = time.process_time()
            found = pd.concat(
                subject(study, n_events, asked.scale * effect, world, k)
                for k in range(asked.subjects)
            )
            share = found["verdict"].value_counts(normalize=True)
            rest = share.drop([*SITE_VERDICTS, "beats unimodal", "better"], errors="ignore")
            integration = share.reindex(SITE_VERDICTS).sum()
            better = share.reindex(["beats unimodal", "better"]).sum()
            words = ", ".join(f"{verdict} {part:.3f}" for verdict, part in rest.items())
            print(
                f"| {name} | {world} | {len(found)} | {integration:.3f} | {better:.3f} | {words} |",
                flush=True,
            )
            print(f"{time.process_time() - start:.0f} CPU-s", file=sys.stderr)


if __name__ == "__main__":
    main()
