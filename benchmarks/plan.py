"""What `snakemake plan` says of ds003688 with four published networks, against runs at two sizes.

    python benchmarks/plan.py FOLDER > benchmarks/plan.md

Needs FUSION_REAL_LAYOUT: the dataset's own sidecars and annotations, around which stand-in signals
and a film are made. The networks are those of `slip`, `slip_clip` and `slip_simclr` (ViT-B/16 or
ViT-S/16) and `slip_text`, with random weights: a forward pass costs the same whatever the weights.
Each size is planned in a fresh copy of the repository, where nothing has been measured, and then
run. Planned and measured are seconds of one core, over the rules that write a benchmark."""

import argparse
import contextlib
import importlib.util
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pandas as pd
import torch
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow/lib"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from helpers.runs import REPOSITORY, checkout, snakemake

from fusion.models.families.slip import Slip

#: (seconds of film, contacts, networks) of the runs.
SIZES = ((120, 30, "base"), (200, 60, "small"))
NETWORKS = {
    "base": ("slip", "slip_clip", "slip_simclr", "slip_text"),
    "small": ("slip_small", "slip_clip_small", "slip_simclr_small", "slip_text"),
}
IMAGE = {"patch": 16, "image": 224, "depth": 12, "heads": 12}
WIDTH = {"base": 768, "small": 384}
TEXT = {"vocabulary": 49408, "text_width": 512, "text_depth": 12, "context": 77, "text_heads": 8}
#: Stages of the table, by the beginnings of the rules' names.
STAGES = {
    "films, words, recordings": ("validate_bids", "preprocess", "responses", "recordings", "events",
                                 "transcript", "scene_cuts", "frames", "sound", "lowlevel"),
    "networks": ("weights", "activations"),
    "fits": ("encode", "single_encode"),
    "controls": ("partition", "dimension_match", "interaction", "negative_controls", "ceiling",
                 "passive"),
}  # fmt: skip


def contrasts(slip, clip, simclr, text):
    """Return the contrasts of four networks."""
    return {
        "multimodal_vs_unimodal": {"a": [slip, clip], "b": [simclr, text], "role": "multimodal"},
        "slip_vs_simclr": {"a": slip, "b": simclr, "role": "matched"},
        "clip_vs_simclr": {"a": clip, "b": simclr},
        "any_vs_nothing": {"a": [slip, clip, simclr, text], "b": "nothing", "role": "signal"},
        "vision_vs_nothing": {"a": simclr, "b": "nothing", "role": "vision"},
        "language_vs_nothing": {"a": text, "b": "nothing", "role": "language"},
    }


def write_checkpoints(folder, size):
    """Write random weights of the published sizes; return model -> path. ``slip_text`` is the text
    tower of the first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    width, places = WIDTH[size], {}
    for name in NETWORKS[size][:3]:
        places[name] = folder / f"{name}.pt"
        if places[name].is_file():
            continue
        both, alone = "simclr" not in name, "_clip" in name
        sizes = {**IMAGE, **TEXT, "width": width, "hidden": 4 * width}
        sizes["embed"] = 512 if both else None
        sizes["mlp"] = None if alone else (width, 4096, 256)
        torch.manual_seed(0)
        state = Slip(sizes, ("image", "text") if both else ("image",)).state_dict()
        state = {f"module.{key}": value for key, value in state.items()}
        torch.save({"state_dict": state}, places[name])
    return {**places, "slip_text": places[NETWORKS[size][0]]}


def write_dataset(folder, seconds, contacts):
    """Write subject 01 with so many good contacts and so many seconds of the film."""
    layout = Path(os.environ["FUSION_REAL_LAYOUT"])
    source = folder.parent / f"{folder.name}_sidecars"
    shutil.copytree(layout / "ds003688", source)
    for path in (source / "stimuli" / "annotations").rglob("*.tsv"):
        table = pd.read_csv(path, sep="\t", dtype=str)
        table[table["onset"].astype(float) < seconds - 3].to_csv(path, sep="\t", index=False)
    for path in (source / "sub-01").rglob("*_task-film_*channels.tsv"):
        table = pd.read_csv(path, sep="\t", dtype=str, encoding="utf-8-sig", keep_default_na=False)
        good = table["type"].isin(["SEEG", "ECOG"]) & (table["status"] != "bad")
        table.loc[good & (good.cumsum() > contacts), "status"] = "bad"
        table.to_csv(path, sep="\t", index=False)
    spec = importlib.util.spec_from_file_location("build", layout / "build_film_dataset.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    build.FILM_SECONDS = seconds
    sys.argv = ["build", str(folder), "--source", str(source), "--subject", "01"]
    with contextlib.redirect_stdout(sys.stderr):
        build.main()


def write_config(folder, dataset, places):
    """Write the shipped config with these networks, and a zoo in which they lie here."""
    zoo = yaml.safe_load((REPOSITORY / "config/models.yaml").read_text(encoding="utf-8"))
    rows = {name: {**zoo[name], "checkpoint": str(path)} for name, path in places.items()}
    for row in rows.values():
        row.pop("sha256", None)
    (folder / "zoo.yaml").write_text(yaml.safe_dump(rows))
    config = yaml.safe_load((REPOSITORY / "config/ds003688.yaml").read_text(encoding="utf-8"))
    config |= {"root": str(dataset), "models": list(places)}
    config |= {"contrasts": contrasts(*places)}
    config |= {"zoo": ["config/models.yaml", str(folder / "zoo.yaml")]}
    (folder / "run.yaml").write_text(yaml.safe_dump(config))


def planned(text):
    """Return the rows that `snakemake plan` printed."""
    lines = text.splitlines()
    first = next(k for k, line in enumerate(lines) if re.match(r"\s*rule\s+network", line))
    rows = []
    for line in lines[first + 1 :]:
        if numbers := re.search(
            r"\s(\d+)\s+(\d+)\s+([\d,.e-]+)\s+([\d,.e-]+)\s+([\d,.e-]+)\s", line
        ):
            names = line[: numbers.start()].split()
            rows.append((names[0], names[1] if len(names) > 1 else "", int(numbers[1]),
                         3600 * float(numbers[5].replace(",", ""))))  # fmt: skip
    return pd.DataFrame(rows, columns=["rule", "network", "jobs", "planned_s"])


def measured(folder):
    """Return the seconds of one core of every rule's jobs."""
    rows = []
    for path in sorted(folder.glob("**/benchmarks/*/**/*.tsv")):
        table = pd.read_csv(path, sep="\t", na_values="-")
        busy = pd.to_numeric(table["cpu_time"], errors="coerce")
        rule = path.relative_to(next(p for p in path.parents if p.name == "benchmarks")).parts[0]
        rows.append((rule, float(busy.where(busy > 0, table["s"]).sum())))
    table = pd.DataFrame(rows, columns=["rule", "measured_s"])
    return table.groupby("rule")["measured_s"].agg(["size", "sum"])


def stage_of(rule):
    """Return the stage of a rule."""
    return next((s for s, rules in STAGES.items() if rule in rules), "contrasts, figures, page")


def main():
    """Plan and run both sizes; print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only-plan", action="store_true")
    parser.add_argument("--sizes", default=json.dumps(SIZES))
    given = parser.parse_args()
    folder = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for seconds, contacts, networks in json.loads(given.sizes):
        here = folder / f"{seconds}s_{contacts}_{networks}"
        places = write_checkpoints(folder, networks)
        copy, config, said = here / "clone", here / "run.yaml", here / "plan.txt"
        if not said.is_file():  # a run that was stopped goes on
            checkout(copy)
            write_dataset(here / "dataset", seconds, contacts)
            write_config(here, here / "dataset", places)
            # Results would count as measured: a fresh copy has none.
            said.write_text(snakemake(copy, "--", "plan", config=config).stdout)
        plan = planned(said.read_text())
        if given.only_plan:
            print(plan.to_string())
            continue
        snakemake(copy, "--", "all", config=config)
        found = measured(copy / "results")
        both = plan.groupby("rule", sort=False)["planned_s"].sum().to_frame().join(found)
        both.to_csv(here / "both.tsv", sep="\t")
        both = both[both["sum"].notna()]
        table = both.groupby([stage_of(rule) for rule in both.index], sort=False).sum()
        table.loc["in all"] = table.sum()
        words = len(pd.read_csv(next(copy.glob("results/*/intermediate/events/*_language.tsv")),
                                sep="\t"))  # fmt: skip
        print(f"\n{seconds} s of film, {words} words, {contacts} contacts, {', '.join(places)}:\n")
        print("| | planned s | measured s | planned / measured |\n| --- | --- | --- | --- |")
        for name, row in table.iterrows():
            ratio = row["planned_s"] / row["sum"]
            print(f"| {name} | {row['planned_s']:.0f} | {row['sum']:.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
