/* Choosing in a tree: genes, and prompts to turn to, kept in this browser until they are saved as a file for `evolve`.
   Law: what the store holds is checked, since anyone may write it; a line of the file says one thing, whatever is typed. */
"use strict";

(() => {
  const panel = document.querySelector(".choices");
  const list = document.querySelector("#chosen");
  const target = document.querySelector("#target");
  const { slug, generations, target: inherited } = panel.dataset;
  const place = `babelgen:${babelgen.library}:choices:${slug}:${generations}`; // what was bred is not chosen again
  const MOST = 1000;
  const LINE = /^(start|[1-9]\d{0,5}\.[1-9]\d{0,5}|to( .+)?)$/;

  function lines() {
    try {
      const held = JSON.parse(localStorage.getItem(place) ?? "[]");
      return Array.isArray(held) ? held.filter((line) => typeof line === "string" && LINE.test(line)).slice(0, MOST) : [];
    } catch {
      return []; // forbidden, or not ours
    }
  }

  function put(held) {
    try {
      localStorage.setItem(place, JSON.stringify(held.slice(0, MOST)));
    } catch {
      babelgen.tell("Not kept: this browser lets pages keep nothing, or is full.");
    }
    show();
  }

  /** What genes turn to after these lines: at first what they do already. */
  const targeted = (held) => held.findLast((line) => line.startsWith("to"))?.slice(3) ?? inherited;

  function show() {
    const held = lines();
    list.replaceChildren(...held.map((line) => babelgen.element("li", line, { dir: "auto" })));
    list.hidden = !held.length;
    for (const button of document.querySelectorAll(".gene button"))
      button.setAttribute("aria-pressed", held.includes(button.dataset.gene));
    for (const button of panel.querySelectorAll(".tools button")) button.disabled = !held.length;
  }

  Object.assign(babelgen.actions, {
    choose: ({ dataset: { gene } }) => {
      const held = lines();
      const wanted = target.value.replace(/[\s\u0000-\u001f\u0085]+/g, " ").trim();
      if (wanted !== targeted(held)) held.push(wanted ? `to ${wanted}` : "to");
      put([...held, gene]);
      babelgen.tell(`Chosen: ${gene}.`);
    },
    "undo-choice": () => {
      const held = lines().slice(0, -1);
      if (held.at(-1)?.startsWith("to")) held.pop(); // said for the gene that is taken back
      put(held);
      target.value = targeted(held);
    },
    "save-choices": () => {
      babelgen.save(panel.dataset.file, ...lines().map((line) => `${line}\n`));
      babelgen.tell(`Saved as ${panel.dataset.file}.`);
    },
  });
  target.value = targeted(lines());
  show();
})();
