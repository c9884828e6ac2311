"""Figures of models: trained against random, layers, and what predictions look like."""


rule score_profiles:
    input:
        scores=score_files,
    output:
        table="<results>/tables/score_profiles.parquet",
    log:
        "<logs>/score_profiles/score_profiles.log",
    benchmark:
        "<benchmarks>/score_profiles/score_profiles.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(500 if DEMO else 3000),
        runtime=30,
    params:
        spec=score_profiles_spec,
        code=code("score_profiles.py"),
    message:
        "Reducing scores to what figures need"
    script:
        "../scripts/score_profiles.py"


rule figure_trained:
    input:
        scores="<results>/tables/score_profiles.parquet",
        sites="<results>/sites.tsv",
    output:
        **figure("trained"),
    log:
        "<logs>/figure_trained/trained.log",
    benchmark:
        "<benchmarks>/figure_trained/trained.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={"models": config["models"]},
        code=code("figure_trained.py"),
    message:
        "Figure: Trained against random"
    script:
        "../scripts/figure_trained.py"


rule figure_layers:
    input:
        scores="<results>/tables/score_profiles.parquet",
        sites="<results>/sites.tsv",
    output:
        **figure("layers"),
    log:
        "<logs>/figure_layers/layers.log",
    benchmark:
        "<benchmarks>/figure_layers/layers.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={"models": config["models"]},
        code=code("figure_layers.py"),
    message:
        "Figure: Layers"
    script:
        "../scripts/figure_layers.py"


rule figure_examples:
    input:
        scores="<results>/tables/score_profiles.parquet",
        sites="<results>/sites.tsv",
        predictions=example_predictions,
        responses=example_responses,
    output:
        **figure("examples"),
    log:
        "<logs>/figure_examples/examples.log",
    benchmark:
        "<benchmarks>/figure_examples/examples.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700 if DEMO else 4000),
        runtime=10,
    params:
        spec={
            "fit": example_fit(),
            "alignment": example_alignment(),
            "subjects": SUBJECTS,
            "recordings": [[row.subject, name] for name, row in RECORDINGS.items()],
            "window": PRIMARY["window"],
        },
        code=code("figure_examples.py"),
    message:
        "Figure: Example predictions"
    script:
        "../scripts/figure_examples.py"
