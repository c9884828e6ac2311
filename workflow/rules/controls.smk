"""Controls: integration, or just a better code? Partition, interaction test, leak meter, floors, passive control, ceiling."""


include: "jobs/controls.smk"


rule partition:
    input:
        responses=subject_responses,
        activations=lambda wildcards: activation_files(wildcards, ALL_BAND_FITS),
        lowlevel=lowlevel_files,
    output:
        table="<results>/intermediate/controls/{subject}_{alignment}_partition.parquet",
    log:
        "<logs>/partition/{subject}_{alignment}.log",
    benchmark:
        "<benchmarks>/partition/{subject}_{alignment}.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000 if DEMO else 8000),
        runtime=60,
    params:
        spec=partition_spec,
        code=code("partition.py"),
    message:
        "Variance partition of subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/partition.py"


rule dimension_match:
    input:
        responses=subject_responses,
        activations=lambda wildcards: activation_files(wildcards, MATCHED_FITS),
    output:
        table="<results>/intermediate/controls/{subject}_{alignment}_dimension_match.parquet",
    log:
        "<logs>/dimension_match/{subject}_{alignment}.log",
    benchmark:
        "<benchmarks>/dimension_match/{subject}_{alignment}.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000 if DEMO else 8000),
        runtime=60,
    params:
        spec=matched_spec,
        code=code("dimension_match.py"),
    message:
        "Contrasts of subject {wildcards.subject} at equal dimensions, {wildcards.alignment} alignment"
    script:
        "../scripts/dimension_match.py"


rule interaction:
    input:
        responses=subject_responses,
        activations=interaction_activations,
        events=lambda wildcards: [
            f"<shared>/events/{film}_{wildcards.alignment}.tsv" for film in films_of(wildcards)
        ],
    output:
        table="<results>/intermediate/controls/{subject}_{alignment}_interaction.parquet",
    log:
        "<logs>/interaction/{subject}_{alignment}.log",
    benchmark:
        "<benchmarks>/interaction/{subject}_{alignment}.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000 if DEMO else 12000),
        runtime=120,
    params:
        spec=interaction_spec,
        code=code("interaction.py"),
    message:
        "Interaction test of subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/interaction.py"


rule leak_meter:
    input:
        responses=subject_responses,
        influence=lambda wildcards: [
            f"<results>/intermediate/encoding/{wildcards.subject}_{wildcards.alignment}_{fit}/influence.nc"
            for fit in LEAK_FITS
        ],
        words=lambda wildcards: [
            f"<shared>/stimuli/{film}_words.tsv" for film in films_of(wildcards)
        ],
    output:
        table="<results>/intermediate/controls/{subject}_{alignment}_leak.parquet",
    log:
        "<logs>/leak_meter/{subject}_{alignment}.log",
    benchmark:
        "<benchmarks>/leak_meter/{subject}_{alignment}.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000 if DEMO else 8000),
        runtime=30,
    params:
        spec=leak_spec,
        code=code("leak_meter.py"),
    message:
        "Leak meter of subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/leak_meter.py"


rule floors:
    input:
        responses=subject_responses,
        activations=lambda wildcards: activation_files(wildcards, FLOOR_FITS),
    output:
        table="<results>/intermediate/controls/{subject}_{alignment}_floors.parquet",
    log:
        "<logs>/floors/{subject}_{alignment}.log",
    benchmark:
        "<benchmarks>/floors/{subject}_{alignment}.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000 if DEMO else 8000),
        runtime=30,
    params:
        spec=floors_spec,
        code=code("floors.py"),
    message:
        "Contrasts that should find nothing in subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/floors.py"


rule passive:
    input:
        activations=lambda wildcards: activation_files(wildcards, ALL_BAND_FITS),
        lowlevel=lowlevel_files,
        events="<shared>/events/{stimulus}_{alignment}.tsv",
    output:
        table="<results>/intermediate/controls/{stimulus}_{alignment}_passive.parquet",
    log:
        "<logs>/passive/{stimulus}_{alignment}.log",
    benchmark:
        "<benchmarks>/passive/{stimulus}_{alignment}.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000 if DEMO else 8000),
        runtime=30,
    params:
        spec=passive_spec,
        code=code("passive.py"),
    message:
        "Low-level features of {wildcards.stimulus} in the place of electrodes, {wildcards.alignment} alignment"
    script:
        "../scripts/passive.py"


rule ceiling:
    input:
        responses=subject_responses,
        others=other_subjects,
    output:
        table="<results>/intermediate/controls/{subject}_{alignment}_ceiling.parquet",
    log:
        "<logs>/ceiling/{subject}_{alignment}.log",
    benchmark:
        "<benchmarks>/ceiling/{subject}_{alignment}.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000 if DEMO else 8000),
        runtime=30,
    params:
        spec=ceiling_spec,
        code=code("ceiling.py"),
    message:
        "What the film explains at most in subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/ceiling.py"


rule control_tables:
    input:
        parts=control_parts,
        schema=shipped("workflow/schemas/controls.schema.yaml"),
    output:
        table="<results>/tables/{control}.tsv",
        dictionary="<results>/tables/{control}.json",
    log:
        "<logs>/control_tables/{control}.log",
    benchmark:
        "<benchmarks>/control_tables/{control}.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=grows(500),
        runtime=10,
    params:
        spec=lambda wildcards: {
            "control": wildcards.control,
            "correction": config["statistics"]["correction"],
        },
        code=code("control_tables.py"),
    message:
        "Table of the control {wildcards.control}"
    script:
        "../scripts/control_tables.py"


rule controls_planted:
    input:
        tables=[f"<results>/tables/{name}.tsv" for name in CONTROL_TABLES],
        contrasts="<results>/tables/contrasts.parquet",
        truth="<shared>/truth.tsv",
    output:
        table="<results>/tables/controls_planted.tsv",
    log:
        "<logs>/controls_planted/controls_planted.log",
    benchmark:
        "<benchmarks>/controls_planted/controls_planted.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=grows(500),
        runtime=10,
    params:
        spec={
            "window": config["statistics"]["primary_window"],
            "level": config["statistics"]["level"],
        },
        code=code("controls_planted.py"),
    message:
        "What the controls say of each planted kind"
    script:
        "../scripts/controls_planted.py"
