const {known, number, title} = window.report;
const summary = k => [title(k), known.region[k], known.verdict[k], known.network[k] && `best network ${known.network[k]}, r = ${number(known.r[k])}`].filter(Boolean);

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
  const chosen = window.report.chosen;
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
    box.dataset.drawn = "true";
    window.report.opened.push(draw);
    box.on("plotly_click", event => { const k = event.points[0].customdata; if (k !== undefined) window.report.open(k); });
  });
  document.getElementById("brain-colour").addEventListener("change", draw);
  document.getElementById("brain-view").addEventListener("change", event => Plotly.relayout(box, {"scene.camera": camera(event.target.value)}));
}
