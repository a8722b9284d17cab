// Checks the proof of a record in this browser, by what RFC 6962 and 9162, RFC 8785 and C2SP's signed
// notes say: a server that lies about a record cannot make its hashes fit under its signature.
// Why, as one of the sentences that the page has as data.
class Unproven extends Error {}
const text = new TextEncoder();
const hash = async (...parts) => {
  const whole = new Uint8Array(parts.flatMap((each) => [...each]));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
};
const bytes = (base64) => Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
const same = (one, other) => one.length === other.length && one.every((each, i) => each === other[i]);

// JavaScript writes numbers and strings, and orders names, as RFC 8785 has taken from it.
const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const parts = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${parts.join(",")}}`;
};

const rootOf = async (index, size, leaf, proof) => {
  let [place, last, found] = [index, size - 1, leaf];
  for (const each of proof) {
    if (last === 0) throw new Unproven("tooLong");
    if (place % 2 === 1 || place === last) {
      found = await hash([1], each, found);
      while (place && place % 2 === 0) [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
    } else {
      found = await hash([1], found, each);
    }
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw new Unproven("tooShort");
  return found;
};

// A public key as signed notes name it, `name+id+base64`: its name, its kind and bytes.
const readKey = (vkey) => {
  try {
    const [name, , blob] = vkey.match(/^([^+]+)\+([^+]+)\+(.+)$/).slice(1);
    const key = bytes(blob);
    if (key.length === 33) return [name, key];
  } catch {} // what is no base64 has the wrong length, too
  throw new Unproven("noKey");
};

const isSigned = async (body, lines, name, key) => {
  const id = (await hash(text.encode(`${name}\n`), key)).slice(0, 4);
  const algorithm = { name: "Ed25519" };
  const opened = await crypto.subtle.importKey("raw", key.slice(1), algorithm, false, ["verify"]);
  for (const line of lines) {
    const [whose, value] = line.replace(/^\u2014 /, "").split(" ");
    const signature = bytes(value);
    if (whose !== name || !same(signature.slice(0, 4), id)) continue;
    if (await crypto.subtle.verify(algorithm, opened, signature.slice(4), text.encode(body))) return true;
  }
  return false;
};

// What the page shows is what is checked.
const check = async (record, { index, hashes }, checkpoint, vkey) => {
  const [body, lines] = checkpoint.split("\n\n");
  const [origin, size, root] = body.split("\n");
  const leaf = await hash([0], text.encode(canonical(record)));
  const found = await rootOf(Number(index), Number(size), leaf, hashes.split(" ").filter(Boolean).map(bytes));
  if (!same(found, bytes(root))) throw new Unproven("noRecord");
  const [name, key] = readKey(vkey);
  if (name !== origin) throw new Unproven("otherLog");
  if (!(await isSigned(`${body}\n`, lines.trim().split("\n"), name, key))) {
    throw new Unproven("notSigned");
  }
};

const shown = (id) => document.getElementById(id).textContent;
const verdict = document.getElementById("verdict");
const key = document.getElementById("public-key");
const say = async () => {
  verdict.className = "error";
  try {
    await check(JSON.parse(shown("record")), verdict.dataset, shown("checkpoint"), key.value.trim());
    verdict.textContent = verdict.dataset.proven;
    verdict.className = "done";
  } catch (error) {
    verdict.textContent = verdict.dataset[error instanceof Unproven ? error.message : "unable"];
  }
};
if (crypto.subtle) {
  key.addEventListener("input", say);
  say();
} else {
  verdict.textContent = verdict.dataset.insecure;
}
