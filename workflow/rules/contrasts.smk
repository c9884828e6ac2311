"""From fits to sites: paired contrasts, the tests of multimodality, regions."""


rule bootstrap:
    input:
        unpack(lambda wildcards: design.bootstrap.inputs(**wildcards)),
    output:
        intervals=paths.BOOTSTRAP,
    log:
        "<logs>/bootstrap/{subject}_{alignment}_{model}-{init}-{pairing}.log",
    benchmark:
        "<benchmarks>/bootstrap/{subject}_{alignment}_{model}-{init}-{pairing}.tsv"
    conda:
        "../../envs/encoding.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: design.encode.mem_mb(
            wildcards.model, input.responses, input.activations, attempt
        ),
        disk_mb=100,
        runtime=2880,
    params:
        spec=lambda wildcards: design.bootstrap.spec(**wildcards),
        code=design.code("bootstrap.py"),
    message:
        "Refitting resampled events of subject {wildcards.subject}, {wildcards.alignment}: {wildcards.model}-{wildcards.init}-{wildcards.pairing}"
    script:
        "../scripts/bootstrap.py"


rule contrasts:
    input:
        unpack(lambda wildcards: design.contrasts.inputs(**wildcards)),
    output:
        table=paths.CONTRASTS,
        regions=paths.REGION_EFFECTS,
    log:
        "<logs>/contrasts/{subject}_{alignment}.log",
    benchmark:
        "<benchmarks>/contrasts/{subject}_{alignment}.tsv"
    conda:
        "../../envs/contrasts.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500),
        disk_mb=100,
        runtime=60,
    params:
        spec=lambda wildcards: design.contrasts.spec(**wildcards),
        code=design.code("contrasts.py"),
    message:
        "Contrasts of subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/contrasts.py"


rule film_to_film:
    input:
        unpack(lambda wildcards: design.film_to_film.inputs(**wildcards)),
    output:
        table=paths.FILM_TO_FILM,
    log:
        "<logs>/film_to_film/{subject}_{alignment}.log",
    benchmark:
        "<benchmarks>/film_to_film/{subject}_{alignment}.tsv"
    conda:
        "../../envs/encoding.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        disk_mb=100,
        runtime=1440,
    params:
        spec=lambda wildcards: design.film_to_film.spec(**wildcards),
        code=design.code("film_to_film.py"),
    message:
        "Fits from film to film of subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/film_to_film.py"


rule film_to_film_table:
    input:
        unpack(lambda wildcards: design.film_to_film_table.inputs()),
    output:
        table=paths.fill(paths.TABLE, table="film_to_film"),
        dictionary=paths.fill(paths.DICTIONARY, table="film_to_film"),
    log:
        "<logs>/film_to_film/table.log",
    benchmark:
        "<benchmarks>/film_to_film/table.tsv"
    localrule: True
    conda:
        "../../envs/contrasts.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500),
        disk_mb=100,
        runtime=20,
    params:
        spec=lambda wildcards: design.film_to_film_table.spec(),
        code=design.code("film_to_film_table.py"),
    message:
        "Contrasts from film to film, corrected"
    script:
        "../scripts/film_to_film_table.py"


rule sites:
    input:
        unpack(lambda wildcards: design.sites.inputs()),
    output:
        sites=paths.SITES,
        sites_dictionary=paths.SITES_DICTIONARY,
        regions=paths.REGIONS,
        regions_dictionary=paths.REGIONS_DICTIONARY,
        evidence=paths.fill(paths.TABLE, table="evidence"),
        evidence_dictionary=paths.fill(paths.DICTIONARY, table="evidence"),
        overlap=paths.fill(paths.TABLE, table="overlap"),
        overlap_dictionary=paths.fill(paths.DICTIONARY, table="overlap"),
        subjects=paths.fill(paths.TABLE, table="subjects"),
        subjects_dictionary=paths.fill(paths.DICTIONARY, table="subjects"),
        region_subjects=paths.fill(paths.TABLE, table="region_subjects"),
        region_subjects_dictionary=paths.fill(paths.DICTIONARY, table="region_subjects"),
        region_effects=paths.fill(paths.TABLE, table="region_effects"),
        region_effects_dictionary=paths.fill(paths.DICTIONARY, table="region_effects"),
        contrasts=paths.ALL_CONTRASTS,
        contrasts_text=paths.fill(paths.TABLE, table="contrasts"),
        contrasts_dictionary=paths.fill(paths.DICTIONARY, table="contrasts"),
    log:
        "<logs>/sites/sites.log",
    benchmark:
        "<benchmarks>/sites/sites.tsv"
    localrule: True
    conda:
        "../../envs/contrasts.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500),
        disk_mb=300,
        runtime=20,
    params:
        spec=lambda wildcards: design.sites.spec(),
        code=design.code("sites.py"),
    message:
        "Sites: correcting over electrodes, deciding verdicts, counting regions"
    script:
        "../scripts/sites.py"


rule shift_null:
    input:
        unpack(lambda wildcards: design.shift_null.inputs(**wildcards)),
    output:
        table=paths.SHIFT_NULL,
    log:
        "<logs>/shift_null/{subject}_{alignment}_{model}-{init}-{pairing}.log",
    benchmark:
        "<benchmarks>/shift_null/{subject}_{alignment}_{model}-{init}-{pairing}.tsv"
    conda:
        "../../envs/encoding.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: design.encode.mem_mb(
            wildcards.model, input.responses, input.activations, attempt
        ),
        disk_mb=50,
        runtime=1440,
    params:
        spec=lambda wildcards: design.shift_null.spec(**wildcards),
        code=design.code("shift_null.py"),
    message:
        "Shifting film against recording of subject {wildcards.subject}, {wildcards.alignment}: {wildcards.model}-{wildcards.init}-{wildcards.pairing}"
    script:
        "../scripts/shift_null.py"


rule shift_nulls:
    input:
        unpack(lambda wildcards: design.shift_nulls.inputs()),
    output:
        table=paths.fill(paths.TABLE, table="shift_nulls"),
        dictionary=paths.fill(paths.DICTIONARY, table="shift_nulls"),
    log:
        "<logs>/shift_nulls/shift_nulls.log",
    benchmark:
        "<benchmarks>/shift_nulls/shift_nulls.tsv"
    conda:
        "../../envs/contrasts.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500),
        disk_mb=100,
        runtime=20,
    params:
        spec=design.shift_nulls.spec(),
        code=design.code("shift_nulls.py"),
    message:
        "Scores against circular shifts, corrected"
    script:
        "../scripts/shift_nulls.py"
