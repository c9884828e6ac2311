"""A second opinion: a random part of a run, fitted again by himalaya and scikit-learn."""


rule audit:
    input:
        **design.audit.inputs(),
        schema=design.study.shipped("workflow/schemas/audit.schema.yaml"),
    output:
        table=paths.fill(paths.TABLE, table="audit"),
        dictionary=paths.fill(paths.DICTIONARY, table="audit"),
    log:
        "<logs>/audit/audit.log",
    benchmark:
        "<benchmarks>/audit/audit.tsv"
    conda:
        "../../envs/audit.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        disk_mb=20,
        runtime=120,
    params:
        spec=design.audit.spec(),
        code=design.code("audit.py"),
    message:
        "Fitting a random part of the run again by himalaya and scikit-learn"
    script:
        "../scripts/audit.py"
