"""Encoding fits: from responses and activations to out-of-fold scores, influence and predictions."""

# What one job of rule encode leaves: the fits of all inits of a model.
INITS_OF_A_MODEL = {"init": design.study.inits, "pairing": "true", "allow_missing": True}

# Predictions are always made. Where they are not kept, they are deleted once nothing reads them.
keep = (lambda files: files) if design.encode.keeps_predictions else temp


ruleorder: encode > single_encode


rule encode:
    input:
        unpack(lambda wildcards: design.encode.inputs(**wildcards)),
    output:
        scores=expand(paths.SCORES, **INITS_OF_A_MODEL),
        influence=expand(paths.INFLUENCE, **INITS_OF_A_MODEL),
        predictions=keep(expand(paths.PREDICTIONS, **INITS_OF_A_MODEL)),
    log:
        "<logs>/encode/{subject}_{alignment}_{model}.log",
    benchmark:
        "<benchmarks>/encode/{subject}_{alignment}_{model}.tsv"
    wildcard_constraints:
        model=design.encode.whole_pattern,
    conda:
        "../../envs/encoding.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: design.encode.mem_mb(
            wildcards.model, input.responses, input.activations, attempt, len(design.study.inits)
        ),
        disk_mb=lambda wildcards, input: design.disk.encode(
            wildcards.alignment, input.responses, len(design.study.inits)
        ),
        runtime=240 if design.study.is_demo else 2880,
        gpu=design.encode.gpu,
    params:
        spec=lambda wildcards: design.encode.spec(**wildcards),
        code=design.code("encode.py"),
    message:
        "Encoding fits of subject {wildcards.subject}, {wildcards.alignment}: {wildcards.model}"
    script:
        "../scripts/encode.py"


# Shuffled pairings, concatenations, and whatever else is asked for by itself.
use rule encode as single_encode with:
    output:
        scores=[paths.SCORES],
        influence=[paths.INFLUENCE],
        predictions=keep([paths.PREDICTIONS]),
    log:
        "<logs>/encode/{subject}_{alignment}_{model}-{init}-{pairing}.log",
    benchmark:
        "<benchmarks>/encode/{subject}_{alignment}_{model}-{init}-{pairing}.tsv"
    wildcard_constraints:
        model=design.wildcard_constraints["model"],
    resources:
        mem_mb=lambda wildcards, input, attempt: design.encode.mem_mb(
            wildcards.model, input.responses, input.activations, attempt
        ),
        disk_mb=lambda wildcards, input: design.disk.encode(wildcards.alignment, input.responses),
        runtime=240 if design.study.is_demo else 2880,
        gpu=design.encode.gpu,
    message:
        "Encoding fit of subject {wildcards.subject}, {wildcards.alignment}: {wildcards.model}-{wildcards.init}-{wildcards.pairing}"
