# ruff: noqa: E501 - lines are those of the page
"""How the report's page looks."""

CSS = """
:root { --ink: #1a1a1a; --soft: #595959; --line: #d9d9d9; --accent: #0072B2; --shade: #f5f5f3; }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0; color: var(--ink); background: #fff; font: 16px/1.55 "Helvetica Neue", Arial, "Liberation Sans", "DejaVu Sans", sans-serif; }
main, header, footer { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.35rem; margin: 2.8rem 0 .6rem; padding-top: .8rem; border-top: 2px solid var(--ink); }
h3 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
p, ul, ol { max-width: 44rem; }
a { color: #005a8c; }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, canvas:focus-visible, [tabindex]:focus-visible {
  outline: 3px solid #E69F00; outline-offset: 2px; }
.lead { font-size: 1.1rem; color: var(--soft); }
.answer { background: var(--shade); border-left: 5px solid #D55E00; padding: .8rem 1.2rem; margin: 1rem 0; max-width: 50rem; }
.answer p { margin: .5rem 0; font-size: 1.08rem; max-width: none; }
.note { color: var(--soft); font-size: .92rem; }
.warning { background: #fdf3e1; border-left: 5px solid #E69F00; padding: .5rem 1rem; max-width: 50rem; }
nav { background: var(--shade); padding: .6rem 1.25rem; margin-top: 1.4rem; }
nav ol { max-width: 60rem; margin: 0 auto; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; font-size: .93rem; }
figure { margin: 1.4rem 0; }
figcaption { font-size: .92rem; color: #333; max-width: 50rem; margin-top: .4rem; }
figcaption p { margin: .3rem 0; max-width: none; }
.scroller { overflow-x: auto; margin: .6rem 0 1.4rem; }
.scroller img { display: block; width: 100%; height: auto; min-width: 40rem; max-width: 55rem; }
.wide img { min-width: 40rem; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-size: .92rem; color: #333; padding-bottom: .4rem; }
caption span { display: inline-block; position: sticky; left: 0; max-width: min(50rem, calc(100vw - 4rem)); }
th, td { padding: .28rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; white-space: nowrap; }
td.number, th.number { text-align: right; }
td.words { white-space: normal; min-width: 16rem; }
thead th { border-bottom: 2px solid var(--ink); background: #fff; }
thead button { font: inherit; font-weight: bold; background: none; border: 0; padding: 0; cursor: pointer; color: inherit; text-align: inherit; }
thead button::after { content: " \\2195"; content: " \\2195" / ""; color: #767676; font-weight: normal; }
th[aria-sort=ascending] button::after { content: " \\2191"; content: " \\2191" / ""; color: var(--ink); }
th[aria-sort=descending] button::after { content: " \\2193"; content: " \\2193" / ""; color: var(--ink); }
.tall { max-height: 32rem; overflow: auto; border-bottom: 1px solid var(--line); content-visibility: auto; contain-intrinsic-size: auto 32rem; }
.tall thead th { position: sticky; top: 0; }
.controls { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin: .6rem 0; font-size: .92rem; }
.controls input[type=search], .controls select, .controls button { font: inherit; padding: .25rem .5rem; border: 1px solid #767676; border-radius: 3px; background: #fff; color: var(--ink); }
.brain { position: relative; max-width: 50rem; }
.brain canvas { display: block; width: 100%; height: min(30rem, 90vw); touch-action: pan-y; cursor: grab; border: 1px solid var(--line); }
.brain .label { position: absolute; pointer-events: none; background: #1a1a1a; color: #fff; font-size: .85rem; line-height: 1.35; padding: .25rem .5rem; border-radius: 3px; max-width: 18rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; padding: 0; margin: .5rem 0; border: 0; font-size: .92rem; }
.legend label { display: inline-flex; align-items: center; gap: .35rem; min-height: 1.6rem; }
.legend svg { width: 1rem; height: 1rem; }
details { margin: .6rem 0; }
summary { cursor: pointer; }
pre { background: var(--shade); padding: .8rem 1rem; overflow-x: auto; font-size: .82rem; line-height: 1.4; }
footer { margin-top: 3rem; padding-bottom: 3rem; color: var(--soft); font-size: .9rem; }
@media (max-width: 40rem) { h1 { font-size: 1.5rem; } main, header, footer { padding: 0 .9rem; } header { padding-top: 1.2rem; } }
@media print { nav, .controls, .brain { display: none; } .tall { max-height: none; } }
"""
