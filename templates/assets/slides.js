/* The slideshow: one picture after the other over the whole window, over a collection's printed pictures or a list of rows.
   Law: it can be paused at any time, and waits to be started where the reader asks for less motion. */
"use strict";

(() => {
  const EACH = 5000; // milliseconds
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const { address, element } = babelgen;
  let show = null; // { length, at: index -> { row, href, place } }
  let index = 0;
  let playing = false;
  let timer = 0;
  let turn = 0; // counts what was asked for, so that a slow picture does not come after a later one

  /** What is printed of a collection, from its runs in the data; `start` is the index of a position. */
  function ofCollection(items, slug, position) {
    const [, title, runs] = items.collections.find(([name]) => name === slug) ?? ["", "", []];
    let length = 0;
    let start = 0;
    const stretches = runs.map(([first, last, row]) => {
      if (position >= first) start = length + Math.min(position, last) - first;
      const stretch = { from: length, first, row };
      length += last - first + 1;
      return stretch;
    });
    const at = (number) => {
      const { from, first, row } = stretches.findLast((stretch) => stretch.from <= number);
      const here = first + number - from;
      const page = address(babelgen.itemPath(slug, here));
      return { row: row + number - from, href: page, place: babelgen.placed(title, here) };
    };
    return { length, start, at };
  }

  /** A list of numbers of rows, each shown where it comes first. */
  const ofRows = (numbers) => ({ length: numbers.length, start: 0, at: (number) => ({ row: numbers[number] }) });

  /* The window */

  const button = (text, action) => {
    const made = element("button", text, { type: "button" });
    made.addEventListener("click", (event) => {
      action();
      if (event.detail) dialog.focus(); // clicked, not pressed: space shall pause
    });
    return made;
  };

  const dialog = element("dialog", "", { id: "slides", tabIndex: -1 });
  dialog.setAttribute("aria-label", "Slideshow");
  const stage = element("div", "", { className: "stage" });
  const caption = element("p", "", { className: "told-slide" });
  const controls = element("div", "", { className: "controls" });
  const pause = button("Pause", () => play(!playing));
  const back = button("Previous", () => go(-1));
  const on = button("Next", () => go(1));
  const close = button("Close", () => dialog.close());
  controls.append(back, pause, on, close);
  dialog.append(stage, caption, controls);
  document.body.append(dialog);

  async function pictured(number) {
    const items = await babelgen.items();
    const found = show.at(number);
    const row = await babelgen.row(found.row);
    const [slug, title] = items.collections[row[1]];
    const { href = address(babelgen.itemPath(slug, row[2])), place = babelgen.placed(title, row[2]) } = found;
    return { row, href, place, view: address(`views/${row[3].slice(0, 2)}/${row[3]}.webp`) };
  }

  async function draw() {
    const asked = ++turn;
    clearTimeout(timer);
    const { row, href, place, view } = await pictured(index);
    const [prompt, , , , , width, height] = row;
    const image = element("img", "", { width, height, alt: babelgen.describe(row), src: view });
    await image.decode().catch(() => {}); // one that cannot be shown shows its words
    if (asked !== turn || !dialog.open) return;
    stage.replaceChildren(image);
    const count = element("span", ` (${index + 1} of ${show.length})`, { className: "count" });
    const link = element("a", place, { href, dir: "auto" });
    caption.replaceChildren(babelgen.words(babelgen.cut(prompt, 300)), " ", link, count);
    wait();
    if (show.length > 1) new Image().src = (await pictured((index + 1) % show.length)).view;
  }

  function wait() {
    clearTimeout(timer);
    if (playing && show.length > 1) timer = setTimeout(() => go(1), EACH);
  }

  function go(step) {
    index = (index + step + show.length) % show.length;
    draw().catch((error) => (caption.textContent = `The data could not be read: ${error.message}.`));
  }

  function play(going) {
    playing = going;
    pause.textContent = playing ? "Pause" : "Play";
    caption.setAttribute("aria-live", playing ? "off" : "polite"); // read out when asked for, not every few seconds
    wait();
  }

  function open(what) {
    if (!what.length) return babelgen.tell("There is nothing to show yet.");
    show = what;
    index = what.start;
    stage.replaceChildren();
    caption.replaceChildren();
    dialog.showModal();
    dialog.focus();
    play(!still.matches);
    go(0);
  }

  dialog.addEventListener("close", () => {
    turn++;
    clearTimeout(timer);
    const shown = caption.querySelector("a")?.href;
    const plate = [...document.querySelectorAll("main .plate")].find(({ href }) => href === shown);
    plate?.focus(); // on a contact sheet the reader is where the show was
  });

  const keys = {
    ArrowLeft: () => go(-1),
    ArrowRight: () => go(1),
    " ": () => play(!playing),
  };
  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    if (event.key === " " && event.target !== dialog) return; // a button that has the focus is pressed
    event.preventDefault();
    keys[event.key]();
  });
  babelgen.swipe(dialog, keys.ArrowLeft, keys.ArrowRight);

  /** The position from which on to show: the item's own, or that of the first plate of the sheet that is in view. */
  function position({ dataset }) {
    if (dataset.position) return Number(dataset.position);
    // Those of a sheet, in order: a room's chosen few come from anywhere in the collection.
    const plates = [...document.querySelectorAll('main > .plates .plate, [aria-labelledby="room-plates"] .plate')];
    const first = plates.find((plate) => plate.getBoundingClientRect().bottom > 0) ?? plates[0];
    return Number(first?.href.match(/item-(\d+)\.html$/)?.[1] ?? 1);
  }

  babelgen.actions.slides = async (button) => {
    const { slug } = button.dataset;
    open(slug ? ofCollection(await babelgen.items(), slug, position(button)) : ofRows(await babelgen.shown()));
  };
})();
