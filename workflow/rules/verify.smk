"""Are the files of a results folder what was written? `snakemake verify --cores 1`."""


# Its answer goes to the terminal, so it has no output (not even a benchmark), and runs whenever it is asked for.
rule verify:
    log:
        "<logs>/verify/verify.log",
    localrule: True
    conda:
        "../../envs/plan.yaml"
    threads: 1
    resources:
        mem_mb=500,
        disk_mb=20,
        runtime=60,
    params:
        spec={"folder": str(design.study.shared)},
        code=design.code("verify.py"),
    message:
        "Comparing all files with their records"
    script:
        "../scripts/verify.py"
