"""Figures, and the report that holds them all."""

from fusion.figures.spec import FIGURES


rule score_profiles:
    input:
        unpack(lambda wildcards: design.score_profiles.inputs(**wildcards)),
    output:
        table=paths.SCORE_PROFILES,
        dictionary=paths.fill(paths.DICTIONARY, table="score_profiles"),
        courses=paths.COURSES,
        courses_dictionary=paths.fill(paths.DICTIONARY, table="courses"),
    log:
        "<logs>/score_profiles/score_profiles.log",
    benchmark:
        "<benchmarks>/score_profiles/score_profiles.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(500 if design.study.is_demo else 3000),
        disk_mb=200,
        runtime=30,
    params:
        spec=lambda wildcards: design.score_profiles.spec(**wildcards),
        code=design.code("score_profiles.py"),
    message:
        "Reducing scores to what figures need"
    script:
        "../scripts/score_profiles.py"


rule figure_tables:
    input:
        unpack(lambda wildcards: design.figure_tables.inputs(**wildcards)),
    output:
        time_course=paths.fill(paths.TABLE, table="time_course"),
        examples=paths.fill(paths.TABLE, table="examples"),
        folds=paths.fill(paths.TABLE, table="folds"),
        time_course_dictionary=paths.fill(paths.DICTIONARY, table="time_course"),
        examples_dictionary=paths.fill(paths.DICTIONARY, table="examples"),
        folds_dictionary=paths.fill(paths.DICTIONARY, table="folds"),
    log:
        "<logs>/figure_tables/figure_tables.log",
    benchmark:
        "<benchmarks>/figure_tables/figure_tables.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(800 if design.study.is_demo else 4000),
        disk_mb=100,
        runtime=30,
    params:
        spec=lambda wildcards: design.figure_tables.spec(**wildcards),
        code=design.code("figure_tables.py"),
    message:
        "r over time, example predictions and folds"
    script:
        "../scripts/figure_tables.py"


rule figures:
    input:
        unpack(lambda wildcards: design.figures.inputs(**wildcards)),
    output:
        **{
            kind: [
                report(
                    paths.fill(paths.FIGURE, figure=name, kind=kind),
                    caption=f"../report/{FIGURES[name].caption or name}.rst",
                    category=FIGURES[name].category,
                    labels={"figure": FIGURES[name].title, "file": kind},
                )
                for name in design.figures.names
            ]
            for kind in ("svg", "png", "tsv")
        },
        drawn=paths.FIGURE_INDEX,
    log:
        "<logs>/figures/figures.log",
    benchmark:
        "<benchmarks>/figures/figures.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        disk_mb=200,
        runtime=20,
    params:
        spec=lambda wildcards: design.figures.spec(**wildcards),
        code=design.code("figures.py"),
    message:
        "Figures"
    script:
        "../scripts/figures.py"


rule report:
    input:
        unpack(lambda wildcards: design.report.inputs(**wildcards)),
    output:
        **design.report.outputs(),
        html=report(
            paths.REPORT,
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
        disk_mb=200,
        runtime=10,
    params:
        spec=lambda wildcards: design.report.spec(**wildcards),
        code=design.code("report.py"),
    message:
        "Report: {output.html}"
    script:
        "../scripts/report.py"


# Not part of the default run: `snakemake export`.
rule export:
    input:
        unpack(lambda wildcards: design.export.inputs(**wildcards)),
    output:
        **design.export.outputs(),
    log:
        "<logs>/export/export.log",
    benchmark:
        "<benchmarks>/export/export.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500),
        disk_mb=300,
        runtime=30,
    params:
        spec=lambda wildcards: design.export.spec(),
        code=design.code("export.py"),
    message:
        "Sites and figures for other programs and for journals"
    script:
        "../scripts/export.py"
