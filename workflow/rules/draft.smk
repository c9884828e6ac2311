"""A first config of a BIDS folder: `snakemake draft --cores 1 --config root=/data/mine`."""


# What it writes is a user's file, which no rule may remove or make again: it has no output.
rule draft:
    log:
        "logs/draft.log",
    localrule: True
    conda:
        "../../envs/look.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        disk_mb=20,
        runtime=60,
    params:
        spec=drafted,
        code=codehash.code_hash(
            REPOSITORY / "workflow" / "scripts" / "draft.py", REPOSITORY / "workflow" / "lib"
        ),
    message:
        "Looking at the dataset"
    script:
        "../scripts/draft.py"
