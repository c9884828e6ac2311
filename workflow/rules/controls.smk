"""Controls: joined, or just a better code? Partition, interaction test, leak meter, floors, passive control, ceiling."""


rule partition:
    input:
        unpack(lambda wildcards: design.partition.inputs(**wildcards)),
    output:
        table=paths.fill(paths.CONTROL, control="partition"),
    log:
        "<logs>/partition/{subject}_{alignment}.log",
    benchmark:
        "<benchmarks>/partition/{subject}_{alignment}.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: design.partition.mem_mb(
            input, attempt, 1000 if design.study.is_demo else 8000
        ),
        disk_mb=50,
        runtime=60,
    params:
        spec=lambda wildcards: design.partition.spec(**wildcards),
        code=design.code("partition.py"),
    message:
        "Variance partition of subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/partition.py"


rule dimension_match:
    input:
        unpack(lambda wildcards: design.dimension_match.inputs(**wildcards)),
    output:
        table=paths.fill(paths.CONTROL, control="dimension_match"),
    log:
        "<logs>/dimension_match/{subject}_{alignment}.log",
    benchmark:
        "<benchmarks>/dimension_match/{subject}_{alignment}.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: design.dimension_match.mem_mb(
            input, attempt, 1000 if design.study.is_demo else 8000
        ),
        disk_mb=50,
        runtime=60,
    params:
        spec=lambda wildcards: design.dimension_match.spec(**wildcards),
        code=design.code("dimension_match.py"),
    message:
        "Contrasts at equal dimensions of subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/dimension_match.py"


rule interaction:
    input:
        unpack(lambda wildcards: design.interaction.inputs(**wildcards)),
    output:
        table=paths.fill(paths.CONTROL, control="interaction"),
    log:
        "<logs>/interaction/{subject}_{alignment}.log",
    benchmark:
        "<benchmarks>/interaction/{subject}_{alignment}.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: design.interaction.mem_mb(
            input, attempt, 1000 if design.study.is_demo else 12000
        ),
        disk_mb=50,
        runtime=120,
    params:
        spec=lambda wildcards: design.interaction.spec(**wildcards),
        code=design.code("interaction.py"),
    message:
        "Interaction test of subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/interaction.py"


rule negative_controls:
    input:
        unpack(lambda wildcards: design.negative_controls.inputs(**wildcards)),
    output:
        **design.negative_controls.outputs(),
    log:
        "<logs>/negative_controls/{subject}_{alignment}.log",
    benchmark:
        "<benchmarks>/negative_controls/{subject}_{alignment}.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: design.negative_controls.mem_mb(
            input, attempt, 1000 if design.study.is_demo else 8000
        ),
        disk_mb=50,
        runtime=60,
    params:
        spec=lambda wildcards: design.negative_controls.spec(**wildcards),
        code=design.code("negative_controls.py"),
    message:
        "Leak meter and floors of subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/negative_controls.py"


rule passive:
    input:
        unpack(lambda wildcards: design.passive.inputs(**wildcards)),
    output:
        table=paths.PASSIVE,
    log:
        "<logs>/passive/{stimulus}_{alignment}.log",
    benchmark:
        "<benchmarks>/passive/{stimulus}_{alignment}.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: design.passive.mem_mb(
            input, attempt, 1000 if design.study.is_demo else 8000
        ),
        disk_mb=50,
        runtime=30,
    params:
        spec=lambda wildcards: design.passive.spec(**wildcards),
        code=design.code("passive.py"),
    message:
        "Low-level features of {wildcards.stimulus} in the place of electrodes, {wildcards.alignment} alignment"
    script:
        "../scripts/passive.py"


rule ceiling:
    input:
        unpack(lambda wildcards: design.ceiling.inputs(**wildcards)),
    output:
        table=paths.fill(paths.CONTROL, control="ceiling"),
    log:
        "<logs>/ceiling/{subject}_{alignment}.log",
    benchmark:
        "<benchmarks>/ceiling/{subject}_{alignment}.tsv"
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: design.ceiling.mem_mb(
            input, attempt, 1000 if design.study.is_demo else 8000
        ),
        disk_mb=50,
        runtime=30,
    params:
        spec=lambda wildcards: design.ceiling.spec(**wildcards),
        code=design.code("ceiling.py"),
    message:
        "What the film explains at most of subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/ceiling.py"


rule control_tables:
    input:
        unpack(lambda wildcards: design.control_tables.inputs()),
    output:
        **design.control_tables.outputs(),
    log:
        "<logs>/control_tables/control_tables.log",
    benchmark:
        "<benchmarks>/control_tables/control_tables.tsv"
    localrule: True
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        disk_mb=200,
        runtime=10,
    params:
        spec=design.control_tables.spec(),
        code=design.code("control_tables.py"),
    message:
        "Tables of the controls"
    script:
        "../scripts/control_tables.py"


rule planted:
    input:
        unpack(lambda wildcards: design.planted.inputs()),
    output:
        **design.planted.outputs(),
    log:
        "<logs>/planted/planted.log",
    benchmark:
        "<benchmarks>/planted/planted.tsv"
    localrule: True
    conda:
        "../../envs/controls.yaml"
    threads: 1
    resources:
        mem_mb=grows(500),
        disk_mb=20,
        runtime=10,
    params:
        spec=design.planted.spec(),
        code=design.code("planted.py"),
    message:
        "Setting verdicts and controls against what was planted"
    script:
        "../scripts/planted.py"
