"""Figures of what guards the results: controls, calibration, folds."""


rule figure_partition:
    input:
        partition="<results>/tables/partition.tsv",
        sites="<results>/sites.tsv",
    output:
        **figure("partition"),
    log:
        "<logs>/figure_partition/partition.log",
    benchmark:
        "<benchmarks>/figure_partition/partition.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={},
        code=code("figure_partition.py"),
    message:
        "Figure: Variance partition"
    script:
        "../scripts/figure_partition.py"


rule figure_claims:
    input:
        tables=[f"<results>/tables/{name}.tsv" for name in claims_tables()],
    output:
        **figure("claims"),
    log:
        "<logs>/figure_claims/claims.log",
    benchmark:
        "<benchmarks>/figure_claims/claims.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={"tables": claims_tables(), "level": STATISTICS["level"]},
        code=code("figure_claims.py"),
    message:
        "Figure: How often tests say yes"
    script:
        "../scripts/figure_claims.py"


rule figure_leak:
    input:
        leak="<results>/tables/leak.tsv",
    output:
        **figure("leak"),
    log:
        "<logs>/figure_leak/leak.log",
    benchmark:
        "<benchmarks>/figure_leak/leak.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={},
        code=code("figure_leak.py"),
    message:
        "Figure: Leak meter"
    script:
        "../scripts/figure_leak.py"


rule figure_passive:
    input:
        passive="<results>/tables/passive.tsv",
    output:
        **figure("passive"),
    log:
        "<logs>/figure_passive/passive.log",
    benchmark:
        "<benchmarks>/figure_passive/passive.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={},
        code=code("figure_passive.py"),
    message:
        "Figure: Passive control"
    script:
        "../scripts/figure_passive.py"


rule figure_calibration:
    input:
        calibration="<results>/tables/calibration.tsv",
    output:
        **figure("calibration"),
    log:
        "<logs>/figure_calibration/calibration.log",
    benchmark:
        "<benchmarks>/figure_calibration/calibration.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={},
        code=code("figure_calibration.py"),
    message:
        "Figure: Calibration"
    script:
        "../scripts/figure_calibration.py"


rule figure_folds:
    input:
        predictions=example_predictions,
        responses=example_responses,
    output:
        **figure("folds"),
    log:
        "<logs>/figure_folds/folds.log",
    benchmark:
        "<benchmarks>/figure_folds/folds.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={"alignment": example_alignment(), "gap_s": config["encoding"]["gap_s"]},
        code=code("figure_folds.py"),
    message:
        "Figure: Folds of film time"
    script:
        "../scripts/figure_folds.py"
