"""From frames and text to the layers of every network: once a film and model."""


# Fetched where the workflow was started: compute nodes often have no network.
rule weights:
    input:
        unpack(lambda wildcards: design.weights.inputs(**wildcards)),
    output:
        weights=paths.WEIGHTS,
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
        disk_mb=100 if design.study.is_demo else 10000,
        runtime=120,
    params:
        spec=lambda wildcards: design.weights.spec(**wildcards),
        code=design.code("weights.py"),
    message:
        "Finding the weights of {wildcards.model}"
    script:
        "../scripts/weights.py"


# One job runs a network over all events, with every init and pairing that is asked for, because
# starting the libraries takes longer than running a small network. Files differ by model, so there
# is one rule for each combination of random inits and shuffled pairings.
rule activations:
    input:
        unpack(lambda wildcards: design.activations.inputs(**wildcards)),
    output:
        **design.activations.outputs("activations"),
    log:
        "<logs>/activations/{stimulus}_{model}.log",
    benchmark:
        "<benchmarks>/activations/{stimulus}_{model}.tsv"
    wildcard_constraints:
        model=design.activations.models("activations"),
    conda:
        "../../envs/models.yaml"
    # The demo's models are so small that several jobs side by side beat several threads in one.
    threads: 1 if design.study.is_demo else 8
    resources:
        mem_mb=grows(1500 if design.study.is_demo else 16000),
        disk_mb=lambda wildcards, input: design.disk.activations(wildcards.model, input),
        runtime=20 if design.study.is_demo else 1440,
    params:
        spec=lambda wildcards: design.activations.spec(**wildcards),
        code=design.code("activations.py"),
    message:
        "Running {wildcards.model} on {wildcards.stimulus}"
    script:
        "../scripts/activations.py"


use rule activations as random_activations with:
    output:
        **design.activations.outputs("random_activations"),
    wildcard_constraints:
        model=design.activations.models("random_activations"),


use rule activations as shuffled_activations with:
    output:
        **design.activations.outputs("shuffled_activations"),
    wildcard_constraints:
        model=design.activations.models("shuffled_activations"),


use rule activations as all_activations with:
    output:
        **design.activations.outputs("all_activations"),
    wildcard_constraints:
        model=design.activations.models("all_activations"),
