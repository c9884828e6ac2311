"""Figures of contrasts: effects, model against model, time courses, alignments."""


rule figure_effects:
    input:
        contrasts="<results>/tables/contrasts.parquet",
    output:
        **figure("effects"),
    log:
        "<logs>/figure_effects/effects.log",
    benchmark:
        "<benchmarks>/figure_effects/effects.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={"window": PRIMARY["window_name"], "level": STATISTICS["level"]},
        code=code("figure_effects.py"),
    message:
        "Figure: Effects"
    script:
        "../scripts/figure_effects.py"


rule figure_scatter:
    input:
        contrasts="<results>/tables/contrasts.parquet",
    output:
        **figure("scatter"),
    log:
        "<logs>/figure_scatter/scatter.log",
    benchmark:
        "<benchmarks>/figure_scatter/scatter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec=scatter_spec(),
        code=code("figure_scatter.py"),
    message:
        "Figure: Multimodal against unimodal"
    script:
        "../scripts/figure_scatter.py"


rule figure_slip:
    input:
        contrasts="<results>/tables/contrasts.parquet",
    output:
        **figure("slip"),
    log:
        "<logs>/figure_slip/slip.log",
    benchmark:
        "<benchmarks>/figure_slip/slip.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec=slip_spec(),
        code=code("figure_slip.py"),
    message:
        "Figure: Three-way comparison"
    script:
        "../scripts/figure_slip.py"


rule figure_time:
    input:
        contrasts="<results>/tables/contrasts.parquet",
        sites="<results>/sites.tsv",
        influence=time_influence,
    output:
        **figure("time"),
    log:
        "<logs>/figure_time/time.log",
    benchmark:
        "<benchmarks>/figure_time/time.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(800 if DEMO else 4000),
        runtime=10,
    params:
        spec=time_spec(),
        code=code("figure_time.py"),
    message:
        "Figure: r over time"
    script:
        "../scripts/figure_time.py"


rule figure_latency:
    input:
        sites="<results>/sites.tsv",
    output:
        **figure("latency"),
    log:
        "<logs>/figure_latency/latency.log",
    benchmark:
        "<benchmarks>/figure_latency/latency.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={"step_ms": config["responses"]["step_ms"]},
        code=code("figure_latency.py"),
    message:
        "Figure: Latencies"
    script:
        "../scripts/figure_latency.py"


rule figure_alignments:
    input:
        contrasts="<results>/tables/contrasts.parquet",
    output:
        **figure("alignments"),
    log:
        "<logs>/figure_alignments/alignments.log",
    benchmark:
        "<benchmarks>/figure_alignments/alignments.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec=alignments_spec(),
        code=code("figure_alignments.py"),
    message:
        "Figure: Agreement of alignments"
    script:
        "../scripts/figure_alignments.py"
