"""From frames and text to the layers of every network: once per film, alignment, model, init and pairing."""


def local_files(source):
    """Return the files of a checkpoint or tokenizer that lies in a folder, which the job then depends on; none for others."""
    if source is None or source.startswith(("http://", "https://", "hf:")):
        return []
    path = Path(shipped(source))
    return sorted(str(p) for p in path.rglob("*") if p.is_file()) if path.is_dir() else [str(path)]


def region_files(wildcards):
    """Return the user's file of region features, where a model takes one."""
    source = ZOO[wildcards.model]["regions"]["file"]
    return [stimulus_file(wildcards.stimulus, source.format(stimulus=wildcards.stimulus))] if source else []


def weights_spec(wildcards):
    """Return what decides which weights a model has."""
    row = ZOO[wildcards.model]
    backbone = None if row["regions"]["file"] else row["regions"]["backbone"]
    return {**{key: row[key] for key in ("checkpoint", "sha256", "files", "tokenizer")}, "backbone": backbone}


def activations_spec(wildcards):
    """Return what shapes one file of activations."""
    return {
        "model": wildcards.model,
        "init": wildcards.init,
        "pairing": wildcards.pairing,
        "row": ZOO[wildcards.model],
        "seed": config["seed"],
        **config["activations"],
    }


# Fetched where the workflow was started: compute nodes often have no network.
rule weights:
    input:
        checkpoint=lambda wildcards: local_files(ZOO[wildcards.model]["checkpoint"]),
        tokenizer=lambda wildcards: local_files(ZOO[wildcards.model]["tokenizer"]),
        backbone=lambda wildcards: local_files(weights_spec(wildcards)["backbone"]),
    output:
        weights="<results>/weights/{model}.json",
    log:
        "<logs>/weights/{model}.log",
    benchmark:
        "<benchmarks>/weights/{model}.tsv"
    localrule: True
    conda:
        "../../envs/models.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=120,
    params:
        spec=weights_spec,
        code=code("weights.py"),
    message:
        "Finding the weights of {wildcards.model}"
    script:
        "../scripts/weights.py"


rule activations:
    input:
        events="<results>/events/{stimulus}_{alignment}.tsv",
        all_events=expand("<results>/events/{stimulus}_{{alignment}}.tsv", stimulus=STIMULI),
        frames="<results>/frames/{stimulus}.nc",
        weights="<results>/weights/{model}.json",
        regions=region_files,
    output:
        activations="<results>/activations/{stimulus}_{alignment}_{model}-{init}-{pairing}.nc",
    log:
        "<logs>/activations/{stimulus}_{alignment}_{model}-{init}-{pairing}.log",
    benchmark:
        "<benchmarks>/activations/{stimulus}_{alignment}_{model}-{init}-{pairing}.tsv"
    conda:
        "../../envs/models.yaml"
    # The demo's models are so small that several jobs side by side beat several threads in one.
    threads: 1 if DEMO else 8
    resources:
        mem_mb=1500 if DEMO else 12000,
        runtime=10 if DEMO else 720,
    params:
        spec=activations_spec,
        code=code("activations.py"),
    message:
        "Running {wildcards.model} ({wildcards.init}, {wildcards.pairing} pairing) on {wildcards.stimulus}, {wildcards.alignment} events"
    script:
        "../scripts/activations.py"
