"""From fits to sites: paired contrasts, the tests of multimodality, regions."""


include: "jobs/contrasts.smk"


rule bootstrap:
    input:
        responses=encode_responses,
        activations=encode_activation_files,
        influence="<results>/intermediate/encoding/{subject}_{alignment}_{model}-{init}-{pairing}/influence.nc",
    output:
        intervals="<results>/intermediate/encoding/{subject}_{alignment}_{model}-{init}-{pairing}/bootstrap.nc",
    log:
        "<logs>/bootstrap/{subject}_{alignment}_{model}-{init}-{pairing}.log",
    benchmark:
        "<benchmarks>/bootstrap/{subject}_{alignment}_{model}-{init}-{pairing}.tsv"
    conda:
        "../../envs/encoding.yaml"
    threads: 4
    resources:
        mem_mb=encode_mem_mb,
        runtime=2880,
    params:
        spec=bootstrap_spec,
        code=code("bootstrap.py"),
    message:
        "Refitting resampled events of subject {wildcards.subject}, {wildcards.alignment}: {wildcards.model}-{wildcards.init}-{wildcards.pairing}"
    script:
        "../scripts/bootstrap.py"


rule contrast:
    input:
        influence=contrast_influences,
        bootstrap=contrast_bootstraps,
        predictions=contrast_predictions,
        responses=contrast_responses,
    output:
        table="<results>/intermediate/contrasts/{subject}_{alignment}_{contrast}.parquet",
    log:
        "<logs>/contrast/{subject}_{alignment}_{contrast}.log",
    benchmark:
        "<benchmarks>/contrast/{subject}_{alignment}_{contrast}.tsv"
    conda:
        "../../envs/contrasts.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500),
        runtime=20,
    params:
        spec=contrast_spec,
        code=code("contrast.py"),
    message:
        "Contrast {wildcards.contrast} at subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/contrast.py"


rule sites:
    input:
        contrasts=contrast_tables,
        electrodes=expand("<shared>/electrodes/{recording}.tsv", recording=all_recordings),
        sites_schema=str(SCHEMAS / "sites.schema.yaml"),
        overlap_schema=str(SCHEMAS / "overlap.schema.yaml"),
        subjects_schema=str(SCHEMAS / "subjects.schema.yaml"),
        contrasts_schema=str(SCHEMAS / "contrasts.schema.yaml"),
    output:
        sites="<results>/sites.tsv",
        sites_dictionary="<results>/sites.json",
        overlap="<results>/tables/overlap.tsv",
        overlap_dictionary="<results>/tables/overlap.json",
        subjects="<results>/tables/subjects.tsv",
        subjects_dictionary="<results>/tables/subjects.json",
        contrasts="<results>/tables/contrasts.parquet",
        contrasts_dictionary="<results>/tables/contrasts.json",
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
        runtime=20,
    params:
        spec=sites_spec,
        code=code("sites.py"),
    message:
        "Sites: correcting over electrodes, deciding verdicts"
    script:
        "../scripts/sites.py"


rule regions:
    input:
        sites="<results>/sites.tsv",
        atlas=shipped("resources/dkt_regions.tsv"),
        schema=str(SCHEMAS / "regions.schema.yaml"),
    output:
        regions="<results>/regions.tsv",
        dictionary="<results>/regions.json",
    log:
        "<logs>/regions/regions.log",
    benchmark:
        "<benchmarks>/regions/regions.tsv"
    localrule: True
    conda:
        "../../envs/contrasts.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        spec={"correction": config["statistics"]["correction"]},
        code=code("regions.py"),
    message:
        "Regions: counting sites"
    script:
        "../scripts/regions.py"


rule shift_null:
    input:
        responses=encode_responses,
        activations=encode_activation_files,
    output:
        table="<results>/intermediate/shift_null/{subject}_{alignment}_{model}-{init}-{pairing}.parquet",
    log:
        "<logs>/shift_null/{subject}_{alignment}_{model}-{init}-{pairing}.log",
    benchmark:
        "<benchmarks>/shift_null/{subject}_{alignment}_{model}-{init}-{pairing}.tsv"
    conda:
        "../../envs/encoding.yaml"
    threads: 2
    resources:
        mem_mb=encode_mem_mb,
        runtime=1440,
    params:
        spec=shift_null_spec,
        code=code("shift_null.py"),
    message:
        "Shifting film against recording of subject {wildcards.subject}, {wildcards.alignment}: {wildcards.model}-{wildcards.init}-{wildcards.pairing}"
    script:
        "../scripts/shift_null.py"


rule shift_nulls:
    input:
        tables=shift_null_tables,
        schema=str(SCHEMAS / "shift_nulls.schema.yaml"),
    output:
        table="<results>/tables/shift_nulls.tsv",
        dictionary="<results>/tables/shift_nulls.json",
    log:
        "<logs>/shift_nulls/shift_nulls.log",
    benchmark:
        "<benchmarks>/shift_nulls/shift_nulls.tsv"
    conda:
        "../../envs/contrasts.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500),
        runtime=20,
    params:
        spec={"correction": config["statistics"]["correction"]},
        code=code("shift_nulls.py"),
    message:
        "Scores against circular shifts, corrected"
    script:
        "../scripts/shift_nulls.py"
