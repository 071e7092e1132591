/* What every page can do with JavaScript: copy and save keys, a random picture, the keyboard.
   Law: pages work without it. A page opened from disk cannot read files or load modules, so data comes
   in classic scripts that call babelgen.receive(path, value). No styles or markup are made from text. */
"use strict";

const babelgen = (() => {
  const root = new URL(document.documentElement.dataset.root, location.href);
  const setting = `babelgen:${document.documentElement.dataset.library}:keyboard`; // all disk pages share one store
  const waiting = new Map();

  /** The absolute address of a site path. */
  const address = (path) => new URL(path, root).href;

  /** Called by a data script: the value that the script at a site path holds. */
  function receive(path, value) {
    waiting.get(path)?.resolve(value);
  }

  /** A promise of the value of the data script at a site path; each is loaded once. */
  function load(path) {
    if (!waiting.has(path)) {
      const entry = {};
      entry.value = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
      waiting.set(path, entry);
      const script = document.createElement("script");
      script.src = address(path);
      script.onerror = () => entry.reject(new Error(`${path} is not there`));
      document.head.append(script);
    }
    return waiting.get(path).value;
  }

  /** The site path of an item's page. */
  const itemPath = (slug, position) => `collections/${slug}/item-${String(position).padStart(5, "0")}.html`;

  const status = document.createElement("p");
  status.className = "quiet";
  status.setAttribute("role", "status");

  /** Tell what happened, to the eye on the button and to screen readers in words. */
  function say(button, words) {
    button.dataset.said = words;
    status.textContent = words;
    setTimeout(() => {
      delete button.dataset.said;
      status.textContent = "";
    }, 1600);
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
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "quiet";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }

  function save(name, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  /** The whole key of a block of buttons: in the page, or in a data script where it is long. */
  const keyOf = async ({ key, keyScript }) => key ?? load(keyScript);

  async function random() {
    const { collections } = await load("data/items.js");
    const runs = collections.flatMap(([slug, , runs]) => runs.map(([first, last]) => ({ slug, first, last })));
    let at = Math.floor(Math.random() * runs.reduce((sum, run) => sum + run.last - run.first + 1, 0));
    for (const { slug, first, last } of runs) {
      if (at <= last - first) return void location.assign(address(itemPath(slug, first + at)));
      at -= last - first + 1;
    }
  }

  const actions = {
    help,
    random,
    copy: (button) => copy(button, button.dataset.text),
    "copy-key": async (button) => copy(button, await keyOf(button.parentElement.dataset)),
    "save-key": async (link) => {
      const { name } = link.parentElement.dataset;
      save(name, `${await keyOf(link.parentElement.dataset)}\n`);
      say(link, "Saved");
    },
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-do]");
    const action = target && actions[target.dataset.do];
    if (!action || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    Promise.resolve(action(target)).catch((error) => say(target, error.message));
  });

  const follow = (selector) => document.querySelector(selector)?.click();
  const field = () => document.querySelector("#query") ?? document.querySelector("#seek");
  const shortcuts = {
    ArrowLeft: ["←", "the previous picture or page", () => follow('main a[rel="prev"]')],
    ArrowRight: ["→", "the next picture or page", () => follow('main a[rel="next"]')],
    u: ["u", "up to the collection", () => follow(".crumbs li:last-child a")],
    r: ["r", "a random picture", random],
    "/": ["/", "search", () => field()?.focus()],
    "?": ["?", "this help", help],
  };

  const read = () => {
    try {
      return localStorage.getItem(setting) !== "off";
    } catch {
      return true; // storage is forbidden
    }
  };

  function write(on) {
    try {
      localStorage.setItem(setting, on ? "on" : "off");
    } catch {
      /* for this page only, then */
    }
  }

  function typing(target) {
    return target.closest?.("input, textarea, select, dialog, [contenteditable]");
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (!Object.hasOwn(shortcuts, event.key) || !read()) return;
    event.preventDefault();
    shortcuts[event.key][2]();
  });

  const element = (name, text = "") => Object.assign(document.createElement(name), { textContent: text });

  function helpRow([sign, meaning]) {
    const row = element("div");
    const term = element("dt");
    term.append(element("kbd", sign));
    row.append(term, element("dd", meaning));
    return row;
  }

  function makeHelp() {
    const dialog = Object.assign(element("dialog"), { id: "help", className: "card" });
    dialog.setAttribute("aria-labelledby", "help-title");
    const list = Object.assign(element("dl"), { className: "facts" });
    list.append(...Object.values(shortcuts).map(helpRow));
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: read() });
    box.addEventListener("change", () => write(box.checked));
    const label = element("label");
    label.append(box, " These keys are on");
    const close = Object.assign(element("button", "Close"), { type: "button" });
    close.addEventListener("click", () => dialog.close());
    dialog.append(Object.assign(element("h2", "Keyboard"), { id: "help-title" }), list, label, close);
    document.body.append(dialog);
    return dialog;
  }

  function help() {
    (document.querySelector("#help") ?? makeHelp()).showModal();
  }

  document.body.append(status);
  for (const hidden of document.querySelectorAll("[data-script]")) hidden.hidden = false;
  for (const shown of document.querySelectorAll("[data-noscript]")) shown.hidden = true;
  return { address, element, itemPath, load, receive };
})();
