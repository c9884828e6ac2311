const known = JSON.parse(document.getElementById("known").textContent);
const place = new Map(known.keys.map((key, k) => [key, k]));
const panel = document.getElementById("site"), sites = document.getElementById("sites");
const rows = new Map(sites ? [...sites.tBodies[0].rows].map(row => [row.dataset.key, row]) : []);
const element = (name, text, parent) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
};
const number = v => v === null || v === undefined ? "n/a" : String(Number(v.toPrecision(3))).replace("-", "\u2212");
const title = k => `sub-${known.subject[k]} ${known.electrode[k]}`;
const summary = k => [title(k), known.region[k], known.verdict[k], known.network[k] && `best network ${known.network[k]}, r = ${number(known.r[k])}`].filter(Boolean);
let chosen = -1, drawn = null;

// One electrode: what its verdict rests on, its shaft, and r over time where it is known.
function open(k) {
  if (chosen >= 0) rows.get(known.keys[chosen])?.classList.remove("chosen");
  chosen = k;
  const row = rows.get(known.keys[k]);
  if (row) { row.classList.add("chosen"); row.hidden = false; row.scrollIntoView({block: "nearest"}); }
  panel.replaceChildren();
  const close = element("button", "Close", panel);
  close.type = "button"; close.className = "close";
  close.addEventListener("click", () => { panel.hidden = true; });
  element("h3", `${title(k)}: ${known.verdict[k]}`, panel);
  element("p", [known.region[k], known.reason[k]].filter(Boolean).join(". "), panel);
  const shaft = known.keys.map((_, i) => i).filter(i => i !== k && known.subject[i] === known.subject[k] && known.shaft[i] === known.shaft[k]);
  if (shaft.length) {
    const line = element("p", "On its shaft: ", panel);
    shaft.forEach((i, at) => {
      const button = element("button", `${known.electrode[i]} ${known.verdict[i]}`, line);
      button.type = "button";
      button.addEventListener("click", () => open(i));
      if (at < shaft.length - 1) line.append(" ");
    });
  }
  for (const events of [...new Set((known.courses[known.keys[k]] || []).map(one => one.events))]) courses(k, events);
  const table = element("table", undefined, panel), head = element("tr", undefined, element("thead", undefined, table));
  for (const name of ["contrast", "effect", "95% interval", "q"]) element("th", name, head).scope = "col";
  const body = element("tbody", undefined, table);
  for (const one of known.measures) {
    if (one.effect[k] === null) continue;
    const line = element("tr", undefined, body);
    for (const text of [one.name, number(one.effect[k]), `${number(one.ci_low[k])} to ${number(one.ci_high[k])}`, number(one.q[k])]) element("td", text, line);
  }
  if (!body.rows.length) table.remove();
  panel.hidden = false;
  if (drawn) draw();
}
function courses(k, events) {
  const lines = known.courses[known.keys[k]].filter(one => one.events === events);
  const space = "http://www.w3.org/2000/svg", svg = document.createElementNS(space, "svg");
  const all = lines.flatMap(one => [...one.ci_low, ...one.ci_high, 0]), low = Math.min(...all), high = Math.max(...all);
  const ms = lines[0].ms, x = v => 30 + 460 * (v - ms[0]) / (ms[ms.length - 1] - ms[0]), y = v => 10 + 110 * (high - v) / (high - low || 1);
  const add = (name, given, text) => {
    const made = document.createElementNS(space, name);
    for (const [key, v] of Object.entries(given)) made.setAttribute(key, v);
    if (text) made.textContent = text;
    svg.append(made);
  };
  svg.setAttribute("viewBox", "0 0 500 150");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `r over time from ${events} events: ${lines.map(one => one.name).join(" and ")}`);
  add("path", {d: `M30 ${y(0)}H490M${x(0)} 10V120`, stroke: "currentColor", "stroke-width": .5, fill: "none"});
  ["#D55E00", "#0072B2"].forEach((colour, at) => {
    const one = lines[at];
    if (!one) return;
    const upper = ms.map((t, i) => `${x(t)} ${y(one.ci_high[i])}`), lower = ms.map((t, i) => `${x(t)} ${y(one.ci_low[i])}`).reverse();
    add("path", {d: `M${[...upper, ...lower].join("L")}Z`, fill: colour, "fill-opacity": .2});
    add("path", {d: `M${ms.map((t, i) => `${x(t)} ${y(one.r[i])}`).join("L")}`, fill: "none", stroke: colour, "stroke-width": 1.5, "stroke-dasharray": at ? "4 2" : "none"});
    add("text", {x: 300, y: 22 + 14 * at, fill: "currentColor", "font-size": 11}, `${at ? "- -" : "\u2014"} ${one.name}`);
  });
  add("text", {x: 30, y: 140, fill: "currentColor", "font-size": 11}, `${ms[0]} ms`);
  add("text", {x: 450, y: 140, fill: "currentColor", "font-size": 11}, `${ms[ms.length - 1]} ms`);
  add("text", {x: 0, y: 16, fill: "currentColor", "font-size": 11}, number(high));
  element("p", `r over time, ${events} events`, panel);
  panel.append(svg);
}
for (const [key, row] of rows) {
  const cell = row.cells[1], button = document.createElement("button");
  button.type = "button"; button.className = "open"; button.textContent = cell.textContent;
  button.addEventListener("click", () => { open(place.get(key)); panel.scrollIntoView({block: "nearest"}); });
  cell.replaceChildren(button);
}

// The brain, by plotly; a still picture where there is no WebGL.
const box = document.getElementById("brain"), still = document.getElementById("brain-still");
const webgl = () => { try { return Boolean(document.createElement("canvas").getContext("webgl")); } catch { return false; } };
const views = {left: [-1.5, 0, 0], right: [1.5, 0, 0], top: [0, -.01, 1.5], front: [0, 1.5, 0], back: [0, -1.5, 0], bottom: [0, -.01, -1.5]};
const camera = name => ({eye: {x: views[name][0], y: views[name][1], z: views[name][2]}, up: {x: 0, y: Math.abs(views[name][2]) ? 1 : 0, z: Math.abs(views[name][2]) ? 0 : 1}});
const points = (members, name, look) => ({
  type: "scatter3d", mode: "markers", name: `${name} (${members.length})`, customdata: members,
  x: members.map(k => known.xyz[k][0]), y: members.map(k => known.xyz[k][1]), z: members.map(k => known.xyz[k][2]),
  text: members.map(k => label(k)), hovertemplate: "%{text}<extra></extra>",
  marker: {size: look.size, symbol: look.symbol, color: look.colour, line: {color: "#222", width: look.size > 5 ? 1 : 0}, opacity: 1, ...look.more},
});
function label(k) {
  const by = Number(document.getElementById("brain-colour").value) - 2, one = known.measures[Math.max(by, 0)];
  const more = one && one.effect[k] !== null ? [`${one.name}: ${number(one.effect[k])} (${number(one.ci_low[k])} to ${number(one.ci_high[k])}), q = ${number(one.q[k])}`] : [];
  return [...summary(k), ...more].map(text => text.replace(/&/g, "&amp;").replace(/</g, "&lt;")).join("<br>");
}
function traces() {
  const by = Number(document.getElementById("brain-colour").value), there = known.keys.map((_, k) => k).filter(k => known.xyz[k]);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const cortex = known.mesh.map(mesh => ({...mesh, type: "mesh3d", color: dark ? "#9aa3ad" : "#b9bec6", opacity: .18, hoverinfo: "skip", showlegend: false, flatshading: false, lighting: {ambient: .7, diffuse: .6, specular: .05}}));
  let groups;
  if (by === 0) groups = known.verdicts.map(look => points(there.filter(k => known.verdict[k] === look.name), look.name, look));
  else if (by === 1) groups = known.modalities.map(look => points(there.filter(k => known.modality[k] === look.name), look.name, look));
  else {
    const one = known.measures[by - 2], tested = there.filter(k => one.effect[k] !== null);
    const top = Math.max(...tested.map(k => Math.abs(one.effect[k])), .01);
    const scale = {colorscale: [[0, "#0072B2"], [.5, "#e8e8e8"], [1, "#D55E00"]], cmin: -top, cmax: top, showscale: true, colorbar: {title: {text: "\u0394z"}, len: .6, thickness: 10}};
    const effects = members => ({size: 7, symbol: "circle", colour: members.map(k => one.effect[k]), more: scale});
    const found = tested.filter(k => one.q[k] < known.level), others = tested.filter(k => !(one.q[k] < known.level));
    groups = [
      points(there.filter(k => one.effect[k] === null), "not tested", {size: 3, symbol: "x", colour: "#A0A0A0"}),
      points(others, `q \u2265 ${known.level}`, {...effects(others), size: 5}),
      points(found, `q < ${known.level}`, {...effects(found), symbol: "diamond"}),
    ];
  }
  groups = groups.filter(group => group.x.length);
  if (chosen >= 0 && known.xyz[chosen]) groups.push({...points([chosen], title(chosen), {size: 14, symbol: "circle-open", colour: "#E69F00"}), showlegend: false, hoverinfo: "skip", hovertemplate: undefined});
  return [...cortex, ...groups];
}
function layout() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches, axis = {visible: false, showspikes: false};
  const sides = [["L", -78], ["R", 78]].map(([text, x]) => ({text, x, y: -20, z: -45, showarrow: false, font: {size: 16, color: dark ? "#ececec" : "#1a1a1a"}}));
  return {
    margin: {l: 0, r: 0, t: 0, b: 0}, paper_bgcolor: "rgba(0,0,0,0)", uirevision: "brain", font: {color: dark ? "#ececec" : "#1a1a1a", size: 12},
    scene: {xaxis: axis, yaxis: axis, zaxis: axis, aspectmode: "data", annotations: sides, camera: camera(document.getElementById("brain-view").value), uirevision: "brain"},
    legend: {orientation: "h", y: 0, itemsizing: "constant", bgcolor: "rgba(0,0,0,0)"},
  };
}
function draw() { Plotly.react(box, traces(), layout(), {displaylogo: false, responsive: true, displayModeBar: false}); }
if (box && window.Plotly && webgl()) {
  box.hidden = false;
  still.style.display = "none";
  Plotly.newPlot(box, traces(), layout(), {displaylogo: false, responsive: true, displayModeBar: false}).then(() => {
    drawn = true;
    box.dataset.drawn = "true";
    box.on("plotly_click", event => { const k = event.points[0].customdata; if (k !== undefined) open(k); });
  });
  document.getElementById("brain-colour").addEventListener("change", draw);
  document.getElementById("brain-view").addEventListener("change", event => Plotly.relayout(box, {"scene.camera": camera(event.target.value)}));
}
