"""What a run will cost, before it runs: `snakemake plan --cores 1`."""


# Its answer goes to the terminal, so it has no output (not even a benchmark), and runs whenever it is asked for.
rule plan:
    log:
        "<logs>/plan/plan.log",
    localrule: True
    conda:
        "../../envs/plan.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        disk_mb=20,
        runtime=10,
    params:
        spec={
            "config": str(design.study.results / "config.yaml"),
            "results": str(design.study.shared),
            "costs": design.study.shipped("resources/costs.tsv"),
            "sizes": design.study.shipped("resources/network_sizes.tsv"),
            "networks": design.rows_of_the_zoo(),
        },
        code=design.code("plan.py"),
    message:
        "Counting jobs, memory, disk and time"
    script:
        "../scripts/plan.py"
