"""From frames and text to the layers of every network: once per film, alignment, model, init and pairing."""


include: "jobs/models.smk"


# Fetched where the workflow was started: compute nodes often have no network.
rule weights:
    input:
        checkpoint=lambda wildcards: local_files(ZOO[wildcards.model]["checkpoint"]),
        tokenizer=lambda wildcards: local_files(ZOO[wildcards.model]["tokenizer"]),
        backbone=lambda wildcards: local_files(weights_spec(wildcards)["backbone"]),
    output:
        weights="<shared>/weights/{model}.json",
    log:
        "<logs>/weights/{model}.log",
    benchmark:
        "<benchmarks>/weights/{model}.tsv"
    localrule: True
    conda:
        "../../envs/models.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
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
        events="<shared>/events/{stimulus}_{alignment}.tsv",
        all_events=expand("<shared>/events/{stimulus}_{{alignment}}.tsv", stimulus=STIMULI),
        frames="<shared>/frames/{stimulus}.nc",
        weights="<shared>/weights/{model}.json",
        regions=region_files,
    output:
        activations="<shared>/activations/{stimulus}_{alignment}_{model}-{init}-true.nc",
    log:
        "<logs>/activations/{stimulus}_{alignment}_{model}-{init}.log",
    benchmark:
        "<benchmarks>/activations/{stimulus}_{alignment}_{model}-{init}.tsv"
    conda:
        "../../envs/models.yaml"
    # The demo's models are so small that several jobs side by side beat several threads in one.
    threads: 1 if DEMO else 8
    resources:
        mem_mb=grows(1500 if DEMO else 12000),
        runtime=10 if DEMO else 720,
    params:
        spec=activations_spec,
        code=code("activations.py"),
    message:
        "Running {wildcards.model} ({wildcards.init}) on {wildcards.stimulus}, {wildcards.alignment} events"
    script:
        "../scripts/activations.py"


# All shuffled pairings in one job: what only the image or only the text decides is computed once for all of them.
rule shuffled_activations:
    input:
        events="<shared>/events/{stimulus}_{alignment}.tsv",
        all_events=expand("<shared>/events/{stimulus}_{{alignment}}.tsv", stimulus=STIMULI),
        frames="<shared>/frames/{stimulus}.nc",
        weights="<shared>/weights/{model}.json",
        regions=region_files,
    output:
        activations=expand(
            "<shared>/activations/{{stimulus}}_{{alignment}}_{{model}}-{{init}}-{pairing}.nc",
            pairing=SHUFFLED,
        ),
    log:
        "<logs>/shuffled_activations/{stimulus}_{alignment}_{model}-{init}.log",
    benchmark:
        "<benchmarks>/shuffled_activations/{stimulus}_{alignment}_{model}-{init}.tsv"
    conda:
        "../../envs/models.yaml"
    threads: 1 if DEMO else 8
    resources:
        mem_mb=grows(1500 if DEMO else 16000),
        runtime=20 if DEMO else 1440,
    params:
        spec=shuffled_activations_spec,
        code=code("shuffled_activations.py"),
    message:
        "Running {wildcards.model} ({wildcards.init}) on {wildcards.stimulus}, {wildcards.alignment} events, with shuffled texts"
    script:
        "../scripts/shuffled_activations.py"
