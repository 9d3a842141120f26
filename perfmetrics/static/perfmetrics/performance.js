// Updates plots and tiles while the page is visible: the server sends the coordinates that it would have drawn itself.

const page = document.querySelector("[data-live]");
const EVERY_MS = 2000;
const HISTORY_EVERY_MS = 60000;
let historyAt = Date.now();

function setText(element, text) {
  if (element && element.textContent !== text) {
    element.textContent = text;
  }
}

function drawPlot(range, plot) {
  const figure = page.querySelector(`[data-plot="${range}-${plot.key}"]`);
  figure.querySelectorAll("path.line").forEach((path, n) => path.setAttribute("d", plot.lines[n].path));
  figure.querySelectorAll(".legend b").forEach((value, n) => setText(value, plot.lines[n].latest));
  figure.querySelector("path.over").setAttribute("d", plot.over);
  figure.querySelectorAll("text.y").forEach((text, n) => setText(text, plot.y_ticks[n].text));
  setText(figure.querySelector("desc"), plot.described);
  const limit = figure.querySelector("line.limit");
  limit.setAttribute("visibility", plot.limit ? "visible" : "hidden");
  if (plot.limit) {
    limit.setAttribute("y1", plot.limit.y);
    limit.setAttribute("y2", plot.limit.y);
  }
  drawTimes(figure.querySelector("svg"), plot.x_ticks);
}

function drawTimes(svg, ticks) {
  const texts = [...svg.querySelectorAll("text.x")];
  while (texts.length < ticks.length) {
    const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
    text.setAttribute("class", "x");
    text.setAttribute("y", "133");
    svg.append(text);
    texts.push(text);
  }
  texts.forEach((text, n) => {
    setText(text, ticks[n] ? ticks[n].text : "");
    text.setAttribute("x", ticks[n] ? ticks[n].x : 0);
  });
}

function drawTile(tile) {
  const element = page.querySelector(`[data-tile="${tile.key}"]`);
  element.classList.toggle("bad", tile.is_bad);
  setText(element.querySelector(".value"), tile.value);
  setText(element.querySelector(".note"), tile.note);
}

function drawWarnings(warnings) {
  const list = page.querySelector("[data-warnings]");
  if ([...list.children].map((item) => item.textContent).join("\n") === warnings.join("\n")) {
    return; // a screen reader announces each warning once, not every two seconds
  }
  list.replaceChildren(...warnings.map((warning) => {
    const item = document.createElement("li");
    item.textContent = warning;
    return item;
  }));
}

function drawRows(range, rows) {
  page.querySelector(`[data-rows="${range}"]`).replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    row.replaceChildren(...cells.map((cell, n) => {
      const element = document.createElement(n ? "td" : "th");
      if (!n) {
        element.scope = "row";
      }
      element.textContent = cell;
      return element;
    }));
    return row;
  }));
}

async function refresh() {
  const withHistory = Date.now() - historyAt >= HISTORY_EVERY_MS;
  const response = await fetch(page.dataset.live + (withHistory ? "?history=1" : ""), {redirect: "error"});
  if (!response.ok) {
    throw new Error(response.status);
  }
  const found = await response.json();
  for (const name of ["host", "workers", "uptime", "read_at"]) {
    setText(page.querySelector(`[data-text="${name}"]`), String(found.now[name]));
  }
  found.now.tiles.forEach(drawTile);
  drawWarnings(found.now.warnings);
  found.now.plots.forEach((plot) => drawPlot("now", plot));
  if (withHistory) {
    historyAt = Date.now();
    for (const range of ["hour", "week"]) {
      found[range].plots.forEach((plot) => drawPlot(range, plot));
      drawRows(range, found[range].rows);
    }
  }
}

async function refreshAgain() {
  if (!document.hidden) {
    const state = page.querySelector("[data-state]");
    try {
      await refresh();
      state.hidden = true;
    } catch {
      state.hidden = false;
    }
  }
  setTimeout(refreshAgain, EVERY_MS);
}

setTimeout(refreshAgain, EVERY_MS);
