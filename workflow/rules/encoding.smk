"""Encoding fits: from responses and activations to out-of-fold scores, influence and predictions."""


include: "jobs/encoding.smk"


rule encode:
    input:
        responses=encode_responses,
        activations=encode_activation_files,
    output:
        **(
            {
                "predictions": "<results>/intermediate/encoding/{subject}_{alignment}_{model}-{init}-{pairing}/predictions.nc"
            }
            if KEEP_PREDICTIONS
            else {}
        ),
        scores="<results>/intermediate/encoding/{subject}_{alignment}_{model}-{init}-{pairing}/scores.parquet",
        influence="<results>/intermediate/encoding/{subject}_{alignment}_{model}-{init}-{pairing}/influence.nc",
    log:
        "<logs>/encode/{subject}_{alignment}_{model}-{init}-{pairing}.log",
    benchmark:
        "<benchmarks>/encode/{subject}_{alignment}_{model}-{init}-{pairing}.tsv"
    conda:
        "../../envs/encoding.yaml"
    threads: 1
    resources:
        mem_mb=encode_mem_mb,
        runtime=240,
    params:
        spec=encode_spec,
        code=code("encode.py"),
    message:
        "Encoding fits of subject {wildcards.subject}, {wildcards.alignment}: {wildcards.model}-{wildcards.init}-{wildcards.pairing}"
    script:
        "../scripts/encode.py"
