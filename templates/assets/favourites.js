/* The shelf of favourites: shown, saved as a file of keys, filled from one.
   Law: a picture whose star is taken stays in its place until the page is left, so that nothing is lost by a slip. */
"use strict";

(() => {
  const STEP = 60; // pictures shown at a time
  const LARGEST = 64 * 2 ** 20; // bytes of a file of keys
  const [found, lost, results, more, none] = ["#found", "#lost", "#results", "#more", "#none"].map((id) =>
    document.querySelector(id),
  );
  let rows = []; // numbers of rows, the latest favourite first
  let missing = [];

  const counted = (count, what = "picture") => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;

  function count() {
    const length = babelgen.shelf.names().length - missing.length;
    found.textContent = length ? counted(length) : "";
    for (const button of document.querySelectorAll(".tools .filled")) button.disabled = !length;
    none.hidden = length > 0 || rows.length > 0;
  }

  async function show(most = STEP) {
    const items = await babelgen.items();
    const before = results.children.length;
    const fresh = await Promise.all(rows.slice(before, most).map(babelgen.row));
    results.append(...fresh.map((row) => babelgen.plate(row, items)));
    babelgen.shelf.mark(results);
    more.hidden = results.children.length >= rows.length;
  }

  /** Read the shelf anew and show it. */
  async function open() {
    const names = babelgen.shelf.names().reverse();
    const numbers = await Promise.all(names.map(babelgen.find));
    rows = numbers.filter((number) => number !== undefined);
    missing = names.filter((_, at) => numbers[at] === undefined);
    lost.hidden = !missing.length;
    const one = missing.length === 1;
    lost.textContent = `${counted(missing.length)} that you starred ${one ? "is" : "are"} not in this site. `;
    const forget = babelgen.element("button", one ? "Forget it" : "Forget them", { type: "button" });
    forget.dataset.do = "forget";
    lost.append(forget);
    results.replaceChildren();
    count();
    await show();
  }

  /** What is on the shelf now, as the slideshow takes it. */
  babelgen.shown = async () => {
    const numbers = await Promise.all(babelgen.shelf.names().reverse().map(babelgen.find));
    return numbers.filter((number) => number !== undefined);
  };

  async function save() {
    const lines = [];
    for (const number of await babelgen.shown()) lines.push(`${await babelgen.keyOf(await babelgen.row(number))}\n`);
    babelgen.save("favourites.txt", ...lines);
    babelgen.tell(`Saved ${counted(lines.length, "key")} as favourites.txt.`);
  }

  /* What people take for a file of keys, by how such files begin. */
  const OTHERS = [
    ["\x89PNG", "That is a picture: the search page looks it up, and a star on the page that opens adds it."],
    ["PK\x03", "That is a zip file: unpack it, and choose the key files in it, one after the other."],
  ];

  /** Add the pictures of a file with a key on each line. */
  async function add(file) {
    const start = String.fromCharCode(...new Uint8Array(await file.slice(0, 4).arrayBuffer()));
    for (const [signature, words] of OTHERS) if (start.startsWith(signature)) throw new Error(words);
    if (file.size > LARGEST) throw new Error("That file is too large to be a file of keys.");
    const lines = (await file.text()).split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
    const keys = lines.map((line) => babelgen.keyfile.read(line));
    const numbers = await Promise.all(keys.map((key) => key && babelgen.keyfile.rowOf(key)));
    const known = await Promise.all(numbers.filter((number) => number >= 0 && number !== null).map(babelgen.row));
    const told = [];
    const names = known.map((row) => row[3]).reverse();
    const before = babelgen.shelf.names().length;
    try {
      babelgen.shelf.add(...names);
    } finally {
      await open();
    }
    const fresh = babelgen.shelf.names().length - before;
    told.push(`${counted(fresh)} added`);
    const wrong = keys.filter((key) => !key).length;
    const slips = keys.filter((key, at) => key && !key.right && !(numbers[at] >= 0)).length;
    const absent = lines.length - wrong - slips - known.length;
    if (known.length - fresh) told.push(`${known.length - fresh} already here`);
    if (absent) told.push(`${absent} not printed in this library`);
    if (slips) told.push(`${counted(slips, "key")} with a wrong character, as the check tells`);
    if (wrong) told.push(`${counted(wrong, "line")} without a key`);
    babelgen.tell(`${told.join(", ")}.`);
  }

  Object.assign(babelgen.actions, {
    export: save,
    empty: () => {
      const gone = babelgen.shelf.names();
      babelgen.shelf.remove(...gone);
      babelgen.tell(`${counted(gone.length)} taken off. Until you leave this page, their stars put them back.`);
    },
    forget: () => {
      babelgen.shelf.remove(...missing);
      return open();
    },
  });

  const failed = (error) => (found.textContent = `The shelf could not be read: ${error.message}.`);
  const chooser = document.querySelector("#import");
  chooser.addEventListener("change", () => {
    const [file] = chooser.files;
    if (file) add(file).catch((error) => babelgen.tell(error.message));
    chooser.value = "";
  });
  more.addEventListener("click", async () => {
    const first = results.children.length;
    await show(first + STEP);
    results.children[first]?.querySelector("a").focus();
  });
  document.addEventListener("shelf", count);
  open().catch(failed);
})();
