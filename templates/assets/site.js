/* What every page can do with JavaScript: copy and save keys, a random picture, read the site's data, make plates.
   Law: pages work without it. A page opened from disk cannot read files or load modules, so data comes
   in classic scripts that call babelgen.receive(path, value). No styles or markup are made from text. */
"use strict";

const babelgen = (() => {
  const { library, root: home } = document.documentElement.dataset;
  const root = new URL(home, location.href);
  const waiting = new Map();
  const ITEMS = "data/items.js"; // names the others; a server should have it asked for each time

  /** The absolute address of a site path. */
  const address = (path) => new URL(path, root).href;

  /** Called by a data script: the value that the script at a site path holds. */
  function receive(path, value) {
    const entry = waiting.get(path);
    if (entry) entry.came = true;
    entry?.resolve(value);
  }

  /** A promise of the value of the data script at a site path; each is loaded once, and again if it failed. */
  function load(path) {
    if (!waiting.has(path)) {
      const entry = {};
      entry.value = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
      waiting.set(path, entry);
      place(path).then((file) => read(file, path, entry), (error) => refuse(path, entry, error));
    }
    return waiting.get(path).value;
  }

  /** The file that a path of the data stands for: all but the first have a hash of their bytes in their names. */
  async function place(path) {
    if (!path.startsWith("data/") || path === ITEMS) return path;
    const { files } = await items();
    return Object.hasOwn(files, path) ? path.replace(/js$/, `${files[path]}.js`) : path;
  }

  function read(file, path, entry) {
    const script = document.createElement("script");
    script.src = address(file);
    script.onload = () => {
      script.remove();
      if (!entry.came) refuse(path, entry, new Error(`${path} is damaged`));
    };
    script.onerror = () => {
      script.remove();
      refuse(path, entry, new Error(`${path} is not there`));
    };
    document.head.append(script);
  }

  function refuse(path, { reject }, error) {
    forget(path);
    reject(error);
  }

  /** Let go of the value of a data script; whoever wants it loads it again. */
  const forget = (path) => waiting.delete(path);

  /* The data of all pictures. A row: prompt, collection, position, name, colour, width, height, key, steps, edition. */

  const items = () => load(ITEMS);

  /** A promise of the row of a number. */
  async function row(number) {
    const { search, part } = await items();
    return (await load(search[Math.floor(number / part)]))[number % part];
  }

  /** A promise of the number of the row of the picture of a name; undefined where it is not in this site. */
  async function find(name) {
    const { names } = await items();
    const known = await load(names ? `data/names-${name.slice(0, names)}.js` : "data/names.js");
    return Object.hasOwn(known, name.slice(names)) ? known[name.slice(names)] : undefined;
  }

  /** A promise of the whole key of a row, a long one from the script beside its file. */
  async function keyOf([, , , name, , , , key]) {
    if (key) return key;
    const path = `keys/${name.slice(0, 2)}/${name}.key.js`;
    const whole = await load(path);
    forget(path);
    return whole;
  }

  /** The site path of an item's page. */
  const itemPath = (slug, position) => `collections/${slug}/item-${String(position).padStart(5, "0")}.html`;

  /* Elements */

  const element = (name, text = "", properties = {}) =>
    Object.assign(document.createElement(name), { textContent: text }, properties);

  /** A text cut to a length, never inside a pair of surrogates. */
  const cut = (text, most) =>
    text.length > most ? `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "").trimEnd()}…` : text;

  /** Where a picture hangs, in words: the title of its collection, and the position there. */
  const placed = (title, position) => `${cut(title, 80)}, no.\u00a0${position}`;

  /** The text of a row's picture for those who do not see it: its prompt, or where it stands. */
  function describe({ 0: said, 10: unsaid }) {
    if (unsaid) return `Picture ${cut(said.charAt(0).toLowerCase() + said.slice(1), 125)}`;
    return said ? `Picture for “${cut(said, 125)}”` : "Picture for the empty prompt";
  }

  function mounted(row) {
    const [, , , name, colour, width, height] = row;
    const mount = element("span", "", { className: "mount" });
    const tone = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [key, value] of Object.entries({ color: colour, "aria-hidden": "true" }))
      tone.setAttribute(key, value);
    const image = element("img", "", { loading: "lazy", width, height, alt: describe(row) });
    image.src = address(`thumbs/${name.slice(0, 2)}/${name}.webp`);
    mount.append(tone, image);
    return mount;
  }

  /** The words of a prompt. */
  function words(prompt, className = "words") {
    const none = prompt ? "" : " none";
    return element("span", prompt || "the empty prompt", { dir: "auto", className: className + none });
  }

  /** A plate of a row, hung at a position of a collection of the data. */
  function plate(row, { collections }, collection = row[1], position = row[2]) {
    const [slug, title] = collections[collection];
    const link = element("a", "", { className: "plate", href: address(itemPath(slug, position)) });
    const caption = element("span", "", { className: "caption" });
    const prompt = words(cut(row[0], 300));
    prompt.setAttribute("aria-hidden", "true"); // the picture says them
    caption.append(prompt, element("span", placed(title, position), { dir: "auto", className: "place" }));
    link.append(mounted(row), caption);
    const item = element("li");
    item.append(link);
    return item;
  }

  /* Telling, copying, saving */

  const status = element("p", "", { className: "quiet" });
  status.setAttribute("role", "status");
  let silence = 0;

  /** Tell what happened in words: to screen readers, and to the eye where no button shows it. */
  function tell(words, seen = true) {
    clearTimeout(silence);
    status.textContent = words;
    status.className = seen ? "told" : "quiet";
    silence = setTimeout(() => Object.assign(status, { textContent: "", className: "quiet" }), seen ? 6000 : 1600);
  }

  /** Tell it on the button itself. */
  function say(button, words) {
    button.dataset.said = words;
    tell(words, false);
    setTimeout(() => delete button.dataset.said, 1600);
  }

  async function copy(button, text) {
    try {
      await navigator.clipboard.writeText(text);
      say(button, "Copied");
    } catch {
      say(button, copyOldWay(text) ? "Copied" : "Not copied");
    }
  }

  function copyOldWay(text) {
    const area = element("textarea", "", { value: text, className: "quiet" });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }

  /** Save texts as a file. */
  function save(name, ...texts) {
    const link = element("a", "", { download: name });
    link.href = URL.createObjectURL(new Blob(texts, { type: "application/octet-stream" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  /** The whole key of a block of buttons: beside it in the page, or in a data script where it is long. */
  async function keyBeside({ parentElement: { dataset, previousElementSibling } }) {
    if (dataset.keyScript) return load(dataset.keyScript);
    return dataset.key ?? previousElementSibling.textContent;
  }

  async function random() {
    const { collections } = await items();
    const runs = collections.flatMap(([slug, , runs]) => runs.map(([first, last]) => ({ slug, first, last })));
    let at = Math.floor(Math.random() * runs.reduce((sum, run) => sum + run.last - run.first + 1, 0));
    for (const { slug, first, last } of runs) {
      if (at <= last - first) return void location.assign(address(itemPath(slug, first + at)));
      at -= last - first + 1;
    }
    tell("There is no picture yet.");
  }

  /** What the elements with data-do="..." do; other scripts add to it. */
  const actions = {
    random,
    copy: (button) => copy(button, button.previousElementSibling.textContent), // the command before it
    "copy-key": async (button) => copy(button, await keyBeside(button)),
    "save-key": async (link) => {
      save(link.parentElement.dataset.name, `${await keyBeside(link)}\n`);
      say(link, "Saved");
    },
  };

  /** Do something, now or in a while, and tell what goes wrong. */
  const attempt = (action, ...given) => Promise.resolve(given).then((all) => action(...all)).catch((error) => tell(error.message));

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-do]");
    const action = target && actions[target.dataset.do];
    if (!action || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    attempt(action, target);
  });

  /* What is searched for stands behind `#` in the address, so that no server is told of it. */
  document.querySelector(".seek").addEventListener("submit", (event) => {
    event.preventDefault();
    const { action, elements } = event.target;
    location.assign(`${action}#${new URLSearchParams({ q: elements.q.value })}`);
  });

  document.body.append(status);
  for (const hidden of document.querySelectorAll("[data-script]")) hidden.hidden = false;
  for (const shown of document.querySelectorAll("[data-noscript]")) shown.hidden = true;
  return {
    library, actions, address, cut, describe, element, find, forget, itemPath, items, keyOf, load, mounted, placed, plate,
    receive, row, save, say, tell, words,
  };
})();
