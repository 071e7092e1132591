/* The search page: words of prompts, or parts of a key, among the pictures of this site, and the filters.
   Law: texts from data become text and attributes of elements, never markup. Up to KEPT pictures the index is read
   once and kept; beyond, it is read part by part at each search, so that memory does not grow with the library. */
"use strict";

(() => {
  const STEP = 60; // pictures shown at a time
  const KEPT = 100000; // rows that stay in memory
  const HELD = 20000; // of what is found, so many can be shown
  const AHEAD = 4; // parts that load at a time
  const LONGEST = 2000; // characters of a query that the address can hold
  const query = document.querySelector("#query");
  const found = document.querySelector("#found");
  const results = document.querySelector("#results");
  const more = document.querySelector("#more");
  const filters = Object.fromEntries(
    ["collection", "steps", "edition"].map((name) => [name, document.querySelector(`#filter-${name}`)]),
  );
  const folded = new Map(); // the texts of the rows of each part that is kept
  let items = null;
  let shown = null; // the list that is shown: hits, [row, number] each; total; collection that was asked for
  let running = 0;

  /** Without case and accents, so that "cafe" finds "Café", and "strasse" finds "Straße". */
  function fold(text) {
    const bare = /^[\x20-\x7e]*$/.test(text) ? text : text.normalize("NFKD").replace(/\p{M}/gu, "");
    return bare.toUpperCase();
  }

  /** What all must be there, folded: single words, and what stands in quotes as it stands. */
  function termsOf(text) {
    const straight = fold(text).replace(/[“”„«»]/g, '"');
    const found = [...straight.matchAll(/"([^"]*)"?|[^\s"]+/g)].map(([word, phrase]) => phrase ?? word);
    return found.map((term) => term.trim().replace(/\s+/g, " ")).filter(Boolean);
  }

  const inAddress = () => new URLSearchParams(location.hash.slice(1));

  const counted = (count) => (count === 1 ? "1 picture" : `${count.toLocaleString("en")} pictures`);

  /* Filters */

  const ofItems = {
    collection: () => items.collections.map(([slug, title, runs]) => [slug, title, length(runs)]),
    steps: () => items.steps.map(([steps, count]) => [String(steps), `${steps} ${steps === 1 ? "step" : "steps"}`, count]),
    edition: () => items.editions.map(([id, title, count]) => [id, title, count]),
  };
  const length = (runs) => runs.reduce((sum, [first, last]) => sum + last - first + 1, 0);

  const label = (option, title, count) => (option.textContent = `${title} (${count.toLocaleString("en")})`);

  function fillFilters() {
    for (const [name, select] of Object.entries(filters)) {
      const values = ofItems[name]();
      for (const [value, title, count] of values) {
        const option = babelgen.element("option", "", { value, dir: "auto" });
        label(option, title, count);
        select.append(option);
      }
      select.dataset.choices = values.length;
    }
  }

  /** Take words and filters from the address; what is asked for in vain is no filter, and that is told. */
  function readAddress() {
    const asked = inAddress();
    const vain = [];
    query.value = asked.get("q") ?? "";
    for (const [name, select] of Object.entries(filters)) {
      const value = asked.get(name);
      const known = [...select.options].some((option) => option.value === value);
      select.value = known ? value : "";
      if (value && !known) vain.push(`${name} ${babelgen.cut(value, 80)}`);
      select.parentElement.hidden = select.dataset.choices < 2 && !select.value;
    }
    if (vain.length) babelgen.tell(`There is no ${vain.join(", and no ")} here: left out of the search.`);
  }

  /** Show beside each choice how many it would find, with the words and the other filters as they are. */
  function countFilters(counts) {
    for (const [name, select] of Object.entries(filters)) {
      const titles = ofItems[name]();
      [...select.options].slice(1).forEach((option, at) => label(option, titles[at][1], counts[name][at] ?? 0));
    }
  }

  /* Scanning. A mark a row: what of the search it meets. */

  const WORDS = 1;
  const STEPS = 2;
  const EDITION = 4;
  const COLLECTION = 8;
  const ALL = 15;

  function ask() {
    const steps = filters.steps.value && Number(filters.steps.value);
    const edition = items.editions.findIndex(([id]) => id === filters.edition.value);
    const collection = items.collections.findIndex(([slug]) => slug === filters.collection.value);
    const words = termsOf(query.value);
    return { words, steps, edition, collection, any: words.length > 0 || steps || edition >= 0 || collection >= 0 };
  }

  /** A byte a row: COLLECTION where it hangs in the asked collection, or none is asked. */
  function marksOf({ collection }) {
    const marks = new Uint8Array(items.pictures);
    if (collection < 0) return marks.fill(COLLECTION);
    for (const [first, last, row] of items.collections[collection][2]) marks.fill(COLLECTION, row, row + last - first + 1);
    return marks;
  }

  const textsOf = (rows) => rows.map((row) => fold(`${row[0]} ${row[7]}`));

  /** The rows of a part and the texts that they are found by. */
  async function read(number) {
    const rows = await babelgen.load(items.search[number]);
    if ((number + 1) * items.part > KEPT) {
      babelgen.forget(items.search[number]);
      return { rows, texts: textsOf(rows) };
    }
    if (!folded.has(number)) folded.set(number, textsOf(rows));
    return { rows, texts: folded.get(number) };
  }

  /** Mark the rows of a part; `tell` hears of each row that has the words. */
  function scan(asked, { rows, texts }, start, marks, tell) {
    const { words, steps, edition } = asked;
    for (let at = 0; at < rows.length; at++) {
      if (!words.every((word) => texts[at].includes(word))) continue;
      const row = rows[at];
      let mark = marks[start + at] | WORDS;
      if (!steps || row[8] === steps) mark |= STEPS;
      if (edition < 0 || row[9] === edition) mark |= EDITION;
      marks[start + at] = mark;
      tell(row, mark, start + at);
    }
  }

  /** How many of each collection meet all but the filter for collections. */
  function countCollections(marks) {
    const last = new Int32Array(items.pictures).fill(-1); // the collection that counted a row last: each counts it once
    const rest = ALL ^ COLLECTION;
    return items.collections.map(([, , runs], collection) => {
      let count = 0;
      for (const [first, end, row] of runs)
        for (let at = row; at <= row + end - first; at++)
          if ((marks[at] & rest) === rest && last[at] !== collection) {
            last[at] = collection;
            count++;
          }
      return count;
    });
  }

  async function search() {
    if (!items) return; // what is asked is found when they are here
    const mine = ++running;
    remember();
    babelgen.lookUpClear();
    try {
      const asked = ask();
      if (asked.any) await findAll(asked, () => mine === running);
      else clear();
    } catch (error) {
      if (mine === running) found.textContent = `The index could not be read: ${error.message}.`;
    }
  }

  function clear() {
    shown = null;
    results.replaceChildren();
    more.hidden = true;
    found.textContent = "";
    countFilters(Object.fromEntries(Object.keys(filters).map((name) => [name, ofItems[name]().map((row) => row[2])])));
  }

  /** Search all parts, and show what is found as it comes; `current` tells whether nothing else is searched by now. */
  async function findAll(asked, current) {
    const marks = marksOf(asked);
    const counts = { steps: [], edition: [] };
    const stepsAt = new Map(items.steps.map(([steps], at) => [steps, at]));
    const list = { hits: [], total: 0, collection: asked.collection };
    const tell = (row, mark, number) => {
      if ((mark | STEPS) === ALL) count(counts.steps, stepsAt.get(row[8]));
      if ((mark | EDITION) === ALL) count(counts.edition, row[9]);
      if (mark === ALL && ++list.total <= HELD) list.hits.push([row, number]);
    };
    let told = performance.now();
    for (let number = 0; number < items.search.length; number++) {
      const part = read(number);
      for (const ahead of items.search.slice(number + 1, number + AHEAD)) babelgen.load(ahead).catch(() => {});
      const block = await part;
      if (!current()) return;
      scan(asked, block, number * items.part, marks, tell);
      if (performance.now() - told < 200) continue;
      found.textContent = `${counted(list.total)} so far…`;
      show(list);
      await new Promise((resolve) => setTimeout(resolve)); // let the page breathe
      if (!current()) return;
      told = performance.now();
    }
    show(list);
    found.textContent = list.total ? counted(list.total) : "Nothing printed here has that.";
    countFilters({ ...counts, collection: countCollections(marks) });
    if (!list.total && babelgen.keyfile.read(query.value.trim())) babelgen.lookUp(query.value);
  }

  const count = (counts, at) => (counts[at] = (counts[at] ?? 0) + 1);

  /* Showing */

  /** The plate of a hit, in the asked collection where it hangs in several. */
  function plate([row, number], collection) {
    const runs = collection < 0 ? [] : items.collections[collection][2];
    const run = runs.find(([first, last, start]) => number >= start && number <= start + last - first);
    return run ? babelgen.plate(row, items, collection, run[0] + number - run[2]) : babelgen.plate(row, items);
  }

  /** Show a list of hits, the first STEP of them where it is another list than is shown. */
  function show(list, most = STEP) {
    if (shown !== list) results.replaceChildren();
    shown = list;
    const before = results.children.length;
    results.append(...list.hits.slice(before, Math.max(before, most)).map((hit) => plate(hit, list.collection)));
    babelgen.shelf.mark(results);
    more.hidden = results.children.length >= list.hits.length;
  }

  /** Keep the search in the address, so that going back to this page finds it again, and that it can be passed on. It
      stands behind `#`, which no server is told. */
  function remember() {
    const kept = new URLSearchParams();
    if (query.value && query.value.length <= LONGEST) kept.set("q", query.value);
    for (const [name, select] of Object.entries(filters)) if (select.value) kept.set(name, select.value);
    try {
      history.replaceState(null, "", String(kept) ? `#${kept}` : location.pathname);
    } catch {
      /* not allowed from disk in some browsers */
    }
  }

  let timer = 0;
  query.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 120);
  });
  for (const select of Object.values(filters)) select.addEventListener("change", search);
  more.addEventListener("click", () => {
    const first = results.children.length;
    show(shown, first + STEP);
    results.children[first]?.querySelector("a").focus();
  });
  document.querySelector("#search").addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    if (babelgen.keyfile.read(query.value.trim())) babelgen.lookUp(query.value);
    else search();
  });

  addEventListener("hashchange", () => {
    if (!items) return;
    readAddress();
    search();
  });

  async function start() {
    const first = inAddress().get("q") ?? "";
    query.value = first;
    query.focus();
    items = await babelgen.items();
    const typed = query.value; // while they came
    fillFilters();
    readAddress();
    if (typed !== first) query.value = typed;
    const asked = Boolean(query.value) || Object.values(filters).some(({ value }) => value);
    document.querySelector(".lookup").open = !asked;
    if (asked) await search();
  }
  start().catch((error) => (found.textContent = `The index could not be read: ${error.message}.`));
})();
