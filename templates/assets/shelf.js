/* Favourites: the names of pictures, kept in this browser under the library's name, and the stars that add and remove them.
   Law: the store is read again before each change, since all pages from disk, and other tabs, write it too; what it
   holds is checked, since anyone may; where it is forbidden or full, that is said, and nothing pretends to be kept. */
"use strict";

(() => {
  const place = `babelgen:${babelgen.library}:favourites`;
  const MOST = 5000;
  const NAME = /^[0-9a-f]{32}$/;

  /** The names of the favourites in the order in which they were added. */
  function names() {
    let held;
    try {
      held = JSON.parse(localStorage.getItem(place) ?? "[]");
    } catch {
      return []; // forbidden, or not ours
    }
    const fit = Array.isArray(held) ? held.filter((name) => typeof name === "string" && NAME.test(name)) : [];
    return [...new Set(fit)].slice(0, MOST);
  }

  function put(held) {
    try {
      localStorage.setItem(place, JSON.stringify(held));
    } catch (error) {
      const full = error.name === "QuotaExceededError";
      throw new Error(`Not kept: ${full ? "the store of this browser is full" : "this browser lets pages keep nothing"}.`);
    }
  }

  /** Add pictures, the last one last; returns how many are new. Throws an Error in words where they cannot be kept. */
  function add(...added) {
    const held = names();
    const already = new Set(held);
    const fresh = [...new Set(added)].filter((name) => !already.has(name));
    const room = MOST - held.length;
    if (fresh.length) put([...held, ...fresh.slice(0, Math.max(0, room))]);
    refresh();
    const most = MOST.toLocaleString("en");
    if (fresh.length > room) throw new Error(`Not all kept: the shelf is full, it has room for ${most} pictures.`);
    return fresh.length;
  }

  /** Take pictures off the shelf. */
  function remove(...gone) {
    const away = new Set(gone);
    put(names().filter((name) => !away.has(name)));
    refresh();
  }

  /* Stars */

  const drawing = "M12 2.6l2.9 6.1 6.6.9-4.8 4.7 1.2 6.7-5.9-3.2-5.9 3.2 1.2-6.7L2.5 9.6l6.6-.9z";

  function star() {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", drawing);
    svg.append(path);
    return svg;
  }

  /** A star for the picture of a name; `words` tell which one it is. */
  function starOf(name, words) {
    const button = babelgen.element("button", "", { type: "button", className: "star" });
    Object.assign(button.dataset, { do: "star", name });
    button.setAttribute("aria-label", `Favourite: ${words}`);
    button.append(star());
    return button;
  }

  /** Give each plate of a part of the page its star. */
  function mark(part) {
    for (const plate of part.querySelectorAll(".plate")) {
      const image = plate.querySelector("img");
      const name = image?.getAttribute("src").match(/([0-9a-f]{32})\.webp$/)?.[1];
      if (!name || plate.parentElement.querySelector(".star")) continue;
      const where = plate.querySelector(".number, .place")?.textContent ?? "";
      plate.after(starOf(name, `${image.alt}, ${where}`));
    }
    refresh(part);
  }

  /** Show on the stars what is kept. */
  function refresh(part = document) {
    const held = new Set(names());
    for (const button of part.querySelectorAll('[data-do="star"]'))
      button.setAttribute("aria-pressed", held.has(button.dataset.name));
    document.dispatchEvent(new CustomEvent("shelf"));
  }

  babelgen.actions.star = ({ dataset: { name } }) => {
    if (names().includes(name)) {
      remove(name);
      babelgen.tell("Taken off the favourites.", false);
    } else {
      add(name);
      babelgen.tell("Added to the favourites.", false);
    }
  };
  addEventListener("storage", ({ key }) => (key === place || key === null) && refresh());
  addEventListener("pageshow", ({ persisted }) => persisted && refresh());
  babelgen.shelf = { add, mark, names, remove, star };
  for (const button of document.querySelectorAll('.tools [data-do="star"]')) button.prepend(star());
  mark(document);
})();
