"use strict";
(() => {
  const find = (selector) => document.querySelector(selector);
  const sheet = find(".sheet");
  const copy = find("#copy");
  if (copy) {
    copy.addEventListener("click", async () => {
      const code = find("#replay");
      try {
        await navigator.clipboard.writeText(code.textContent);
        copy.textContent = "Copied";
      } catch {
        // Pages from a disk may have no clipboard: then the line is selected to be copied by hand.
        getSelection().selectAllChildren(code);
        copy.textContent = "Press Ctrl+C";
      }
      setTimeout(() => { copy.textContent = "Copy"; }, 2000);
    });
  }
  if (!sheet) return;

  // Zoom: the drawings keep their coordinates, only their size on the screen changes.
  const drawings = [...sheet.querySelectorAll("svg")];
  const sizes = drawings.map((svg) => [svg.viewBox.baseVal.width, svg.viewBox.baseVal.height]);
  let zoom = 1;
  function zoomTo(wanted, x = sheet.clientWidth / 2, y = sheet.clientHeight / 2) {
    const next = Math.min(4, Math.max(0.02, wanted));
    const left = (sheet.scrollLeft + x) / zoom;
    const top = (sheet.scrollTop + y) / zoom;
    zoom = next;
    drawings.forEach((svg, at) => {
      svg.setAttribute("width", sizes[at][0] * zoom);
      svg.setAttribute("height", sizes[at][1] * zoom);
    });
    sheet.scrollLeft = left * zoom - x;
    sheet.scrollTop = top * zoom - y;
    find("#zoom").textContent = `${Math.round(zoom * 100)}%`;
    mark();
  }
  // In this order: corner and heads, then axis and lanes.
  const [width, height] = [sizes[2][0] + sizes[3][0] + 2, sizes[0][1] + sizes[3][1] + 4];
  const fitWidth = () => zoomTo(Math.min(1.25, sheet.clientWidth / width));
  const fitAll = () => {
    zoomTo(Math.min(1.25, sheet.clientWidth / width, sheet.clientHeight / height));
  };
  sheet.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = sheet.getBoundingClientRect();
    const factor = Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) * 0.004);
    zoomTo(zoom * factor, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });

  // Pan: what is dragged follows the pointer; a short drag is a click.
  let drag = null;
  let dragged = false;
  sheet.addEventListener("pointerdown", (event) => {
    dragged = false;
    if (event.button !== 0 || event.pointerType === "touch") return;
    drag = { x: event.clientX, y: event.clientY, left: sheet.scrollLeft, top: sheet.scrollTop };
  });
  addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
    if (Math.abs(x) + Math.abs(y) > 4) { dragged = true; sheet.classList.add("drags"); }
    if (dragged) { sheet.scrollLeft = drag.left - x; sheet.scrollTop = drag.top - y; }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, () => { drag = null; sheet.classList.remove("drags"); });
  }

  // Details: one event is chosen by pointer or keyboard.
  const moves = [...sheet.querySelectorAll(".move")];
  const detail = find("#detail");
  let chosen = -1;
  function element(name, text, kind) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }
  function dump(hex) {
    const rows = [];
    for (let at = 0; at < hex.length; at += 32) {
      const bytes = hex.slice(at, at + 32).match(/../g);
      const halves = [bytes.slice(0, 8).join(" "), bytes.slice(8).join(" ")].join("  ");
      const text = bytes.map((pair) => {
        const code = parseInt(pair, 16);
        return code >= 32 && code < 127 ? String.fromCharCode(code) : ".";
      }).join("");
      rows.push(`${(at / 2).toString(16).padStart(4, "0")}  ${halves.padEnd(48)}  ${text}`);
    }
    return rows.join("\n");
  }
  function describe(move) {
    const data = move.dataset;
    const list = element("dl");
    const rows = [["time", `${data.time} s`], ["connection", data.lane], ["where", data.where],
      ["written", data.sent && `at ${data.sent} s`], ["bytes", data.size]];
    for (const [name, value] of rows) {
      if (value) list.append(element("dt", name), element("dd", value));
    }
    const parts = [element("h2", data.title), list, element("h3", "what it says"),
      element("pre", data.says, "frames")];
    if (data.hex) {
      parts.push(element("h3", "bytes"), element("pre", dump(data.hex)));
      const more = data.size - data.hex.length / 2;
      if (more > 0) parts.push(element("p", `and ${more} more bytes`));
    }
    detail.replaceChildren(...parts);
  }
  function choose(at, scrolls = true) {
    if (!moves.length) return;
    if (chosen >= 0) moves[chosen].classList.remove("chosen");
    chosen = Math.max(0, Math.min(moves.length - 1, at));
    const move = moves[chosen];
    move.classList.add("chosen");
    sheet.setAttribute("aria-activedescendant", move.id);
    describe(move);
    if (scrolls) move.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  sheet.addEventListener("pointerover", (event) => {
    const move = event.target.closest(".move");
    if (move && !drag) describe(move);
  });
  sheet.addEventListener("pointerleave", () => { if (chosen >= 0) describe(moves[chosen]); });
  const faults = moves.flatMap((move, at) => move.classList.contains("fault") ? [at] : []);
  function chooseFault(step) {
    const next = step > 0 ? faults.find((at) => at > chosen) : faults.findLast((at) => at < chosen);
    if (faults.length) choose(next ?? faults.at(step > 0 ? 0 : -1));
  }
  sheet.addEventListener("click", (event) => {
    const move = event.target.closest(".move");
    if (move && !dragged) choose(moves.indexOf(move), false);
  });
  const keys = {
    ArrowDown: () => choose(chosen + 1), ArrowUp: () => choose(chosen - 1),
    j: () => choose(chosen + 1), k: () => choose(chosen - 1),
    Home: () => choose(0), End: () => choose(moves.length - 1),
    f: () => chooseFault(1), F: () => chooseFault(-1),
    "+": () => zoomTo(zoom * 1.25), "=": () => zoomTo(zoom * 1.25), "-": () => zoomTo(zoom / 1.25),
    0: fitAll, 1: () => zoomTo(1), w: fitWidth,
  };
  sheet.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  const buttons = {
    "#in": keys["+"], "#out": keys["-"], "#fit": fitAll, "#width": fitWidth,
    "#fault": () => { chooseFault(1); sheet.focus({ preventScroll: true }); },
  };
  for (const [id, act] of Object.entries(buttons)) find(id)?.addEventListener("click", act);

  // The ruler shows the whole trace at once: its faults, and the part that is on the screen.
  const ruler = find(".ruler");
  const window_ = ruler.appendChild(element("b"));
  for (const at of faults) {
    const tick = ruler.appendChild(element("i"));
    tick.style.top = `${100 * moves[at].dataset.y / height}%`;
  }
  function mark() {
    window_.style.top = `${100 * sheet.scrollTop / sheet.scrollHeight}%`;
    window_.style.height = `${100 * sheet.clientHeight / sheet.scrollHeight}%`;
  }
  ruler.addEventListener("click", (event) => {
    const box = ruler.getBoundingClientRect();
    const there = (event.clientY - box.top) / box.height * sheet.scrollHeight;
    sheet.scrollTop = there - sheet.clientHeight / 2;
  });
  sheet.addEventListener("scroll", mark, { passive: true });
  addEventListener("resize", mark);

  // Text stays readable, so of many lanes only the first ones are on the screen. A link may name an
  // event: page.html#17.
  zoomTo(Math.max(0.8, Math.min(1, sheet.clientWidth / width)), 0, 0);
  sheet.scrollTo(0, 0);
  if (/^#\d+$/.test(location.hash)) choose(Number(location.hash.slice(1)));
})();
