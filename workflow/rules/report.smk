"""Figures, each a job of its own, and the report that holds them all."""


include: "jobs/report.smk"
include: "figures_sites.smk"
include: "figures_contrasts.smk"
include: "figures_models.smk"
include: "figures_controls.smk"


rule report:
    input:
        config=str(RESULTS / "config.yaml"),
        sites="<results>/sites.tsv",
        regions="<results>/regions.tsv",
        contrasts="<results>/tables/contrasts.parquet",
        scores="<results>/tables/score_profiles.parquet",
        electrodes=expand("<shared>/electrodes/{recording}.tsv", recording=all_recordings),
        responses=expand(
            "<shared>/responses/{recording}_{alignment}.nc",
            recording=all_recordings,
            alignment=ALIGNMENTS,
        ),
        cards=[
            f"<shared>/activations/{STIMULI[0]}_{ALIGNMENTS[0]}_{model}-trained-true.nc"
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
                name: (
                    CAPTIONS / f"{name.split('_')[0] if name.startswith('brain') else name}.rst"
                ).read_text()
                for name in TITLES
            },
            "benchmarks": str(RESULTS / "benchmarks"),
        },
        code=code("report.py"),
    message:
        "Report: {output.html}"
    script:
        "../scripts/report.py"
