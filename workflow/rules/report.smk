"""Figures, each a job of its own, and the report that holds them all."""


include: "jobs/report.smk"


rule score_profiles:
    input:
        scores=score_files,
    output:
        table="<results>/score_profiles.parquet",
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


rule figure_tests:
    input:
        sites="<results>/sites.tsv",
    output:
        **figure("tests"),
    log:
        "<logs>/figure_tests/tests.log",
    benchmark:
        "<benchmarks>/figure_tests/tests.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={},
        code=code("figure_tests.py"),
    message:
        "Figure: Overlap of the tests"
    script:
        "../scripts/figure_tests.py"


rule figure_brain:
    input:
        sites="<results>/sites.tsv",
    output:
        **figure("brain_{colour}", "brain"),
    log:
        "<logs>/figure_brain/brain_{colour}.log",
    benchmark:
        "<benchmarks>/figure_brain/brain_{colour}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec=brain_spec,
        code=code("figure_brain.py"),
    message:
        "Figure: Brain by {wildcards.colour}"
    script:
        "../scripts/figure_brain.py"


rule figure_region_map:
    input:
        sites="<results>/sites.tsv",
    output:
        **figure("region_map"),
    log:
        "<logs>/figure_region_map/region_map.log",
    benchmark:
        "<benchmarks>/figure_region_map/region_map.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={},
        code=code("figure_region_map.py"),
    message:
        "Figure: Regions by test"
    script:
        "../scripts/figure_region_map.py"


rule figure_regions:
    input:
        regions="<results>/regions.tsv",
    output:
        **figure("regions"),
    log:
        "<logs>/figure_regions/regions.log",
    benchmark:
        "<benchmarks>/figure_regions/regions.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={"level": STATISTICS["level"]},
        code=code("figure_regions.py"),
    message:
        "Figure: Sites by region"
    script:
        "../scripts/figure_regions.py"


rule figure_coverage:
    input:
        sites="<results>/sites.tsv",
    output:
        **figure("coverage"),
    log:
        "<logs>/figure_coverage/coverage.log",
    benchmark:
        "<benchmarks>/figure_coverage/coverage.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={},
        code=code("figure_coverage.py"),
    message:
        "Figure: Coverage"
    script:
        "../scripts/figure_coverage.py"


rule figure_effects:
    input:
        contrasts="<results>/contrasts.parquet",
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
        contrasts="<results>/contrasts.parquet",
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
        contrasts="<results>/contrasts.parquet",
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
        contrasts="<results>/contrasts.parquet",
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
        contrasts="<results>/contrasts.parquet",
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


rule figure_trained:
    input:
        scores="<results>/score_profiles.parquet",
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
        scores="<results>/score_profiles.parquet",
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
        scores="<results>/score_profiles.parquet",
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
            "recordings": [[row["subject"], name] for name, row in RECORDINGS.items()],
            "window": PRIMARY["window"],
        },
        code=code("figure_examples.py"),
    message:
        "Figure: Example predictions"
    script:
        "../scripts/figure_examples.py"


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


rule figure_partition:
    input:
        partition="<results>/partition.tsv",
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
        tables=[f"<results>/{name}.tsv" for name in claims_tables()],
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
        leak="<results>/leak.tsv",
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
        passive="<results>/passive.tsv",
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
        calibration="<results>/calibration.tsv",
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


rule report:
    input:
        config=str(RESULTS / "config.yaml"),
        sites="<results>/sites.tsv",
        regions="<results>/regions.tsv",
        contrasts="<results>/contrasts.parquet",
        scores="<results>/score_profiles.parquet",
        electrodes=expand("<results>/electrodes/{recording}.tsv", recording=all_recordings),
        responses=expand(
            "<results>/responses/{recording}_{alignment}.nc", recording=all_recordings, alignment=ALIGNMENTS
        ),
        cards=[
            f"<results>/activations/{STIMULI[0]}_{ALIGNMENTS[0]}_{model}-trained-true.nc"
            for model in config["models"]
            if ZOO[model]["family"] != "concat"
        ],
        tables=list(report_tables().values()),
        figures=report_figures(),
    output:
        html=report(
            "<results>/report.html",
            caption="../report/report.rst",
            category="Report",
            labels={"figure": "Report", "file": "html"},
        ),
    log:
        "<logs>/report/report.log",
    benchmark:
        "<benchmarks>/report/report.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        spec={
            "tables": list(report_tables()),
            "titles": {name: title for name, (title, _) in TITLES.items()},
            "captions": {
                name: (CAPTIONS / f"{name.split('_')[0] if name.startswith('brain') else name}.rst").read_text()
                for name in TITLES
            },
            "benchmarks": str(RESULTS / "benchmarks"),
        },
        code=code("report.py"),
    message:
        "Report: {output.html}"
    script:
        "../scripts/report.py"
