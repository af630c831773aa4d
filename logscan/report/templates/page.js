
const chart = document.getElementById("timeline");
const { figure, config } = JSON.parse(document.getElementById("figure").textContent);
// A finger scrolls the page; a mouse zooms.
if (matchMedia("(pointer: coarse)").matches) figure.layout.dragmode = false;
// On a phone the legend stands below the rows, one entry a line.
if (chart.clientWidth < 640) {
  Object.assign(figure.layout.legend, { orientation: "v", yref: "container", y: 0, yanchor: "bottom", font: { size: 10.5 } });
  figure.layout.xaxis.nticks = 4;
  figure.layout.height += 20 * figure.data.filter((trace) => trace.showlegend !== false).length - 60;
}
Plotly.newPlot(chart, figure.data, figure.layout, config);

// On paper: every reason open, the figure no larger than a sheet.
const opened = [];
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not([open])")) {
    details.open = true;
    opened.push(details);
  }
  Plotly.relayout(chart, { width: 680, height: Math.min(figure.layout.height, 900) });
});
addEventListener("afterprint", () => {
  for (const details of opened.splice(0)) details.open = false;
  Plotly.relayout(chart, { width: null, height: figure.layout.height, autosize: true });
});
