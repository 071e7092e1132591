/* The search page: words of prompts, or a whole key, among the pictures of this site.
   Law: texts from data become text and attributes of elements, never markup. */
"use strict";

(() => {
  const STEP = 60; // pictures shown at a time
  const query = document.querySelector("#query");
  const found = document.querySelector("#found");
  const results = document.querySelector("#results");
  const more = document.querySelector("#more");
  let rows = null; // promise of all rows, each with the text it is found by
  let hits = [];
  let collections = [];

  /** Without case and accents, so that "cafe" finds "Café". */
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  async function readAll() {
    const index = await babelgen.load("data/items.js");
    collections = index.collections;
    const parts = await Promise.all(index.search.map((path) => babelgen.load(path)));
    return parts.flat().map((row) => ({ row, text: fold(`${row[0]} ${row[7]}`) }));
  }

  function mounted([prompt, , , name, colour, width, height]) {
    const mount = Object.assign(babelgen.element("span"), { className: "mount" });
    const tone = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    tone.setAttribute("class", "tone");
    tone.setAttribute("color", colour);
    tone.setAttribute("aria-hidden", "true");
    const image = Object.assign(document.createElement("img"), { loading: "lazy", width, height });
    image.alt = prompt ? `Picture for “${prompt}”` : "Picture for the empty prompt";
    image.src = babelgen.address(`thumbs/${name.slice(0, 2)}/${name}.webp`);
    mount.append(tone, image);
    return mount;
  }

  function plate(row) {
    const [prompt, collection, position] = row;
    const [slug, title] = collections[collection];
    const link = Object.assign(document.createElement("a"), { className: "plate" });
    link.href = babelgen.address(babelgen.itemPath(slug, position));
    const caption = Object.assign(babelgen.element("span"), { className: "caption" });
    const words = Object.assign(babelgen.element("span", prompt || "the empty prompt"), { dir: "auto" });
    words.className = prompt ? "words" : "words none";
    words.setAttribute("aria-hidden", "true");
    const place = Object.assign(babelgen.element("span", `${title}, no.\u00a0${position}`), { dir: "auto" });
    place.className = "place";
    caption.append(words, place);
    link.append(mounted(row), caption);
    const item = babelgen.element("li");
    item.append(link);
    return item;
  }

  function show(count) {
    const shown = results.children.length;
    results.append(...hits.slice(shown, shown + count).map(({ row }) => plate(row)));
    more.hidden = results.children.length >= hits.length;
  }

  async function search() {
    const asked = query.value;
    const words = fold(asked).split(/\s+/).filter(Boolean);
    remember(asked);
    try {
      rows ??= readAll();
      const all = await rows;
      if (asked !== query.value) return; // typed on since
      hits = words.length ? all.filter(({ text }) => words.every((word) => text.includes(word))) : [];
    } catch (error) {
      rows = null;
      found.textContent = `The index could not be read: ${error.message}.`;
      return;
    }
    results.replaceChildren();
    show(STEP);
    const counted = hits.length === 1 ? "1 picture" : `${hits.length.toLocaleString("en")} pictures`;
    found.textContent = words.length ? (hits.length ? counted : "Nothing printed here has that.") : "";
  }

  /** Keep the query in the address, so that going back to this page finds it again. */
  function remember(text) {
    try {
      history.replaceState(null, "", text ? `?q=${encodeURIComponent(text)}` : location.pathname);
    } catch {
      /* not allowed from disk in some browsers */
    }
  }

  let timer = 0;
  query.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 120);
  });
  more.addEventListener("click", () => {
    const first = results.children.length;
    show(STEP);
    results.children[first]?.querySelector("a").focus();
  });
  document.querySelector("#search").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });

  query.value = new URLSearchParams(location.search).get("q") ?? "";
  query.focus();
  if (query.value) search();
})();
