/* Keys out of files: what a key file, a picture of the library or a pasted text says, and the name that its picture has.
   Law: files may hold anything at all. No more is read than a key can have, sizes that a file tells of itself are
   bounded before they are believed, and what leaves here as a key has only the characters of one. */
"use strict";

babelgen.keyfile = (() => {
  const MOST = 4 * 2 ** 20; // bytes; no key comes near
  const CHUNKS = 200000; // of a picture; a large one has some thousands
  const LOB1 = /^[A-Za-z0-9+/]{189436}$/; // a key of the codec whose keys name no edition
  const EDITION = /^(?=.{1,64}$)[0-9a-z]+(?:-[0-9a-z]+)*$/;
  const NAMED = /^babel2:([0-9a-z]+(?:-[0-9a-z]+)*):[1-9][0-9]?\.[0-9a-z.]+~[0-9a-z]{8}$/;
  const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

  /* BLAKE2b (RFC 7693) without a key. A word of 64 bits is a pair of 32, the low half first. */

  const START = new Uint32Array([
    0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a, 0xade682d1,
    0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19,
  ]);
  const ROUNDS = [
    "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
    "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
    "0123456789abcdef", "ea489fd61c02b753",
  ].map((order) => [...order].map((digit) => 2 * parseInt(digit, 16)));
  const QUARTERS = ["048c", "159d", "26ae", "37bf", "05af", "16bc", "278d", "349e"].map((words) =>
    [...words].map((digit) => 2 * parseInt(digit, 16)),
  );

  function add(v, a, low, high) {
    const sum = v[a] + low;
    v[a] = sum;
    v[a + 1] += high + (sum > 0xffffffff ? 1 : 0);
  }

  /** v[a] = (v[a] ^ v[b]) turned right by so many bits. */
  function twist(v, a, b, bits) {
    let low = v[a] ^ v[b];
    let high = v[a + 1] ^ v[b + 1];
    if (bits >= 32) [low, high] = [high, low];
    const rest = bits % 32;
    v[a] = rest ? (low >>> rest) | (high << (32 - rest)) : low;
    v[a + 1] = rest ? (high >>> rest) | (low << (32 - rest)) : high;
  }

  function quarter(v, m, [a, b, c, d], x, y) {
    add(v, a, v[b], v[b + 1]);
    add(v, a, m[x], m[x + 1]);
    twist(v, d, a, 32);
    add(v, c, v[d], v[d + 1]);
    twist(v, b, c, 24);
    add(v, a, v[b], v[b + 1]);
    add(v, a, m[y], m[y + 1]);
    twist(v, d, a, 16);
    add(v, c, v[d], v[d + 1]);
    twist(v, b, c, 63);
  }

  function compress(state, block, count, last) {
    const m = Uint32Array.from({ length: 32 }, (_, at) => block.getUint32(4 * at, true));
    const v = new Uint32Array(32);
    v.set(state);
    v.set(START, 16);
    v[24] ^= count; // below 2 ** 32
    if (last) v.set([~v[28], ~v[29]], 28);
    for (const order of ROUNDS)
      QUARTERS.forEach((words, at) => quarter(v, m, words, order[2 * at], order[2 * at + 1]));
    for (let at = 0; at < 16; at++) state[at] ^= v[at] ^ v[at + 16];
  }

  /** The first `size` bytes of the BLAKE2b hash, of that size, of bytes. */
  function blake2b(bytes, size) {
    const state = START.slice();
    state[0] ^= 0x01010000 ^ size;
    const blocks = Math.max(1, Math.ceil(bytes.length / 128));
    const padded = new Uint8Array(128 * blocks);
    padded.set(bytes);
    for (let at = 0; at < blocks; at++) {
      const last = at === blocks - 1;
      compress(state, new DataView(padded.buffer, 128 * at, 128), last ? bytes.length : 128 * (at + 1), last);
    }
    return new Uint8Array(state.buffer).slice(0, size); // browsers run on little-endian machines alone
  }

  const encode = (text) => new TextEncoder().encode(text);

  /** The name of the picture of a key of an edition. */
  const nameOf = (edition, key) =>
    [...blake2b(encode(`${edition}\n${key}`), 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  /** The check of everything before `~`. */
  function checkOf(body) {
    let bits = 0n;
    for (const byte of blake2b(encode(body), 5)) bits = (bits << 8n) | BigInt(byte);
    return Array.from({ length: 8 }, (_, at) => DIGITS[Number((bits >> BigInt(35 - 5 * at)) & 31n)]).join("");
  }

  /** What a text is: a key with the edition that it names ("" for none), and whether its check is right; null for no key. */
  function read(text) {
    if (LOB1.test(text)) return { key: text, edition: "", right: true };
    const edition = text.length <= MOST ? text.match(NAMED)?.[1] : undefined;
    if (!edition) return null;
    const [body, check] = text.split("~");
    return { key: text, edition, right: checkOf(body) === check };
  }

  /* Files */

  class NoKey extends Error {}

  /** The bytes of a file from a place on, at most so many; read in stretches, since a picture has many small parts. */
  function reader(file) {
    const STRETCH = 2 ** 18;
    let held = new Uint8Array(0);
    let start = 0;
    return async (at, size) => {
      if (at < start || at + size > start + held.length) {
        start = at;
        held = new Uint8Array(await file.slice(at, at + Math.max(size, STRETCH)).arrayBuffer());
      }
      return held.subarray(at - start, at - start + size);
    };
  }

  /** A character a byte: what browsers decode as latin1 is another set. */
  function latin(bytes) {
    const parts = [];
    for (let at = 0; at < bytes.length; at += 8192) parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
    return parts.join("");
  }

  async function inflate(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const parts = [];
    let size = 0;
    for (const from = stream.getReader(); ; ) {
      const { done, value } = await from.read();
      if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
      size += value.length;
      if (size > MOST) {
        await from.cancel();
        throw new NoKey("A text in this picture is longer than any key.");
      }
      parts.push(value);
    }
  }

  /** [keyword, text] of a text chunk of a PNG: tEXt, zTXt or iTXt. */
  async function textOf(kind, data) {
    const end = data.indexOf(0);
    const keyword = latin(data.subarray(0, Math.max(end, 0)));
    if (keyword !== "key" && keyword !== "edition") return ["", ""];
    const rest = data.subarray(end + 1);
    if (kind === "tEXt") return [keyword, latin(rest)];
    if (kind === "zTXt") return [keyword, latin(await inflate(rest.subarray(1)))];
    const language = rest.indexOf(0, 2);
    const translated = language < 0 ? -1 : rest.indexOf(0, language + 1);
    if (translated < 0) return ["", ""];
    const text = rest.subarray(translated + 1);
    return [keyword, new TextDecoder().decode(rest[0] ? await inflate(text) : text)];
  }

  /** The texts `key` and `edition` of a PNG, read chunk by chunk. */
  async function textsOf(file) {
    const bytes = reader(file);
    const texts = {};
    for (let at = 8, count = 0; at + 12 <= file.size && count < CHUNKS; count++) {
      const head = await bytes(at, 8);
      const size = new DataView(head.buffer, head.byteOffset).getUint32(0);
      const kind = latin(head.subarray(4));
      if (kind === "IEND" || (texts.key && texts.edition)) break;
      if (["tEXt", "zTXt", "iTXt"].includes(kind) && size <= MOST && at + 8 + size <= file.size) {
        const [keyword, text] = await textOf(kind, await bytes(at + 8, size));
        if (keyword) texts[keyword] ??= text;
      }
      at += 12 + size;
    }
    return texts;
  }

  /** A key file's text: ASCII, with or without one line ending after it. */
  function lineOf(bytes) {
    const line = latin(bytes).replace(/\r?\n$/, "");
    return /^[\x21-\x7e]+$/.test(line) ? line : "";
  }

  /** { text, edition } of a key file or a PNG of a library. Throws NoKey with a sentence for any other file. */
  async function open(file) {
    const start = latin(new Uint8Array(await file.slice(0, 12).arrayBuffer()));
    if (start.startsWith("\x89PNG\r\n\x1a\n")) {
      const { key = "", edition = "" } = await textsOf(file).catch((error) => {
        throw error instanceof NoKey ? error : new NoKey("The texts in this picture cannot be read.");
      });
      if (!key) throw new NoKey("This picture has no key: it is not of a library, or was saved without its texts.");
      return { text: key, edition };
    }
    if (start.startsWith("RIFF") || start.startsWith("\xff\xd8"))
      throw new NoKey("This file has no key. Of pictures, only the lossless PNG carries its key.");
    if (!file.size) throw new NoKey("This file is empty.");
    if (file.size > MOST) throw new NoKey("This file has no key: it is longer than any key.");
    const text = lineOf(new Uint8Array(await file.arrayBuffer()));
    if (!text) throw new NoKey("This file has no key: a key file is one line of plain characters.");
    return { text, edition: "" };
  }

  /** The editions that a key may be of: the one that it names or else, of those that keys do not name, all of this site. */
  function editionsOf(read, items, told) {
    if (read.edition) return [read.edition];
    const known = items.editions.filter((edition) => edition[3]).map(([id]) => id);
    return EDITION.test(told) ? [...new Set([told, ...known])] : known;
  }

  /** A promise of the number of the row of a key's picture in this site; undefined where it is not there. */
  async function rowOf(read, told = "") {
    for (const edition of editionsOf(read, await babelgen.items(), told)) {
      const number = await babelgen.find(nameOf(edition, read.key));
      if (number !== undefined) return number;
    }
    return undefined;
  }

  return { LARGEST: MOST, NoKey, blake2b, checkOf, editionsOf, nameOf, open, read, rowOf };
})();
