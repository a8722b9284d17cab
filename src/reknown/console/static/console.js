// Every change carries the token of this sign-in; forms have it as a field, htmx as a header.
document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-Form-Token"] = document.body.dataset.formToken ?? "";
});

// What cannot be taken back is asked for once more. Then a form is sent only if somebody is there who
// takes it from this person: else it stays as it is, with all that was typed, and says what to do.
const TWICE_MS = 1_000;
const PATIENCE_MS = 10_000;
const asked = new WeakSet();
const sentAt = new WeakMap();
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post" || asked.delete(form)) return;
  event.preventDefault();
  const question = event.submitter?.dataset.confirm;
  if (question && !window.confirm(question)) return;
  if (Date.now() - (sentAt.get(form) ?? 0) < TWICE_MS) return; // a double click
  sentAt.set(form, Date.now());
  const reason = await whyNot(form);
  tell(form, reason);
  if (reason) {
    sentAt.delete(form);
    form.lastElementChild.scrollIntoView({ block: "nearest" });
  } else {
    asked.add(form);
    form.requestSubmit(event.submitter);
  }
});

// What to say, null if the form can be sent: with the token of this person's present sign-in.
async function whyNot(form) {
  const { presence, actor } = document.body.dataset;
  try {
    const answer = await fetch(presence, {
      headers: { "HX-Request": "true" },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (actor === undefined) return null; // to sign in nobody has to be signed in
    if (answer.status === 401) return "signed-out";
    if (!answer.ok) return "unreachable";
    const here = await answer.json();
    if (here.actor !== actor) return "somebody-else";
    document.body.dataset.formToken = here.form_token;
    form.elements.form_token.value = here.form_token;
    return null;
  } catch {
    return "unreachable";
  }
}

// At the end of a part of the page, in place of what was said there before.
function tell(part, what) {
  part.querySelector(":scope > [data-told]")?.remove();
  if (what) part.append(document.getElementById(what).content.cloneNode(true));
}

// A list that goes on by itself says when it does not, and once.
function tellOnce(part, what) {
  if (!part.querySelector(":scope > [data-told]")) tell(part, what);
}
// What a camera sees now is taken away once nobody says that it is so.
function forgetNow(part) {
  for (const each of part.querySelectorAll("[data-now]")) each.remove();
}
document.addEventListener("htmx:error", (event) => {
  if (!event.detail.ctx) return;
  forgetNow(event.detail.ctx.sourceElement);
  tellOnce(event.detail.ctx.sourceElement, "not-followed");
});
document.addEventListener("htmx:response:error", (event) => {
  const { sourceElement, response } = event.detail.ctx;
  forgetNow(sourceElement);
  // the page itself says why there is nothing to look at any more
  const refused = response.status < 500 && response.status !== 401;
  if (refused && sourceElement.matches("[data-live]")) return window.location.reload();
  tellOnce(sourceElement, response.status === 401 ? "signed-out" : "not-followed");
});

// Faces are chosen one by one; Shift, with a click or an arrow key, takes all between two.
let last = null;
function boxesAround(box) {
  const list = box.closest?.("[data-select]");
  return list && box.type === "checkbox" ? [...list.querySelectorAll('input[type="checkbox"]')] : [];
}
function chooseBetween(boxes, one, other, checked) {
  const [from, to] = [boxes.indexOf(one), boxes.indexOf(other)].sort((a, b) => a - b);
  for (const each of boxes.slice(from, to + 1)) each.checked = checked;
}
document.addEventListener("click", (event) => {
  const boxes = boxesAround(event.target);
  if (!boxes.length) return;
  if (event.shiftKey && boxes.includes(last)) chooseBetween(boxes, last, event.target, event.target.checked);
  last = event.target;
});
document.addEventListener("keydown", (event) => {
  const boxes = boxesAround(event.target);
  const place = boxes.indexOf(event.target);
  if (place < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
  const top = event.target.getBoundingClientRect().top;
  const columns = boxes.filter((each) => Math.abs(each.getBoundingClientRect().top - top) < 2).length;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const next = boxes[place + step];
  if (!next) return;
  if (event.shiftKey) chooseBetween(boxes, event.target, next, true);
  next.focus();
  last = next;
});

// A reviewer's own copy of the probe is shown beside the candidates if it is the very file; it is
// read here and sent nowhere.
document.addEventListener("change", async (event) => {
  const chosen = event.target;
  if (!chosen.matches?.("[data-probe-file]") || !chosen.files[0]) return;
  const figure = document.querySelector("[data-probe]");
  const error = document.querySelector("#probe-error");
  if (!crypto.subtle) {
    error.textContent = error.dataset.insecure;
    return;
  }
  const bytes = await chosen.files[0].arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = [...digest].map((each) => each.toString(16).padStart(2, "0")).join("");
  const same = hex === figure.dataset.probe;
  error.textContent = same ? "" : error.dataset.other;
  figure.hidden = !same;
  if (same) figure.querySelector("img").src = URL.createObjectURL(chosen.files[0]);
});

// Somebody's own copy of a film is played here and sent nowhere; links lead to its moments.
document.addEventListener("change", (event) => {
  const chosen = event.target;
  if (!chosen.matches?.("[data-film-file]") || !chosen.files[0]) return;
  const film = document.querySelector("video.film");
  URL.revokeObjectURL(film.src);
  film.src = URL.createObjectURL(chosen.files[0]);
  film.hidden = false;
});
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-jump]");
  const film = document.querySelector("video.film");
  if (link && film?.src) film.currentTime = Number(link.dataset.jump);
});

// Files can be dropped on the form that takes them.
for (const kind of ["dragover", "drop"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest?.("form");
    const chosen = form?.querySelector("[data-drop]");
    if (!chosen || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    if (kind === "drop") chosen.files = event.dataTransfer.files;
  });
}

// A film is sent in pieces: what has come waits on the server, also when this page is loaded again.
// The name of the one that was begun last stays with this tab, for whoever is signed in.
const PIECE = 2 ** 20;
const BEGUN = "reknown-upload";
function aboutFile(file) {
  return { name: file.name, size: file.size, modified: file.lastModified };
}
function toldIn(text, problem) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const told = [...(page.querySelector("[role=alert]")?.childNodes ?? [])];
  return told.length ? told : [problem.dataset.refused];
}
const percent = (length, size) => `${Math.floor((100 * length) / Math.max(size, 1))} %`;
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (asIs, name) => values[name] ?? asIs);
async function howMuchHasCome(pieces, about, signal) {
  const asked = await fetch(`${pieces}?${new URLSearchParams(about)}`, {
    headers: { "HX-Request": "true" },
    signal,
  });
  return asked.ok ? (await asked.json()).length : 0;
}
async function sendInPieces(form, inputs, file, { say, sending, bar, problem }) {
  const { pieces } = form.dataset;
  const about = aboutFile(file);
  const stop = new AbortController();
  let length = 0;
  const show = () => (bar.value = (100 * length) / Math.max(file.size, 1));
  say();
  form.querySelector("[data-waiting]")?.remove();
  sending.hidden = false;
  const abort = sending.querySelector("[data-abort]");
  abort.hidden = false;
  abort.onclick = () => stop.abort();
  sessionStorage.setItem(BEGUN, JSON.stringify({ pieces, actor: document.body.dataset.actor, about }));
  try {
    length = await howMuchHasCome(pieces, about, stop.signal);
    // what has come last is sent once more and compared: so no other film of that name goes on
    let start = Math.max(0, length - PIECE);
    for (;;) {
      show();
      abort.hidden = start + PIECE >= file.size; // its search may begin before a stop is heard
      const body = new FormData(form);
      for (const each of inputs) body.delete(each.name);
      for (const [name, value] of Object.entries({ ...about, start })) body.append(name, value);
      body.append("piece", file.slice(start, start + PIECE), "piece");
      const headers = { "HX-Request": "true" };
      const answer = await fetch(pieces, { method: "POST", body, headers, signal: stop.signal });
      if (answer.status === 401) {
        say();
        return tell(form, "signed-out");
      }
      if (!answer.ok) return say(...toldIn(await answer.text(), problem));
      const found = await answer.json();
      if (found.next) {
        sessionStorage.removeItem(BEGUN);
        return window.location.assign(found.next);
      }
      start = length = found.length;
    }
  } catch {
    const share = percent(length, file.size);
    if (!stop.signal.aborted) return say(filled(problem.dataset.broken, { share }));
    sessionStorage.removeItem(BEGUN);
    const body = new FormData();
    for (const [name, value] of Object.entries(about)) body.append(name, value);
    const headers = { "X-Form-Token": form.elements.form_token.value, "HX-Request": "true" };
    fetch(`${pieces}/forget`, { method: "POST", body, headers }).catch(() => {});
    say(problem.dataset.stopped);
  }
}
document.addEventListener("DOMContentLoaded", async () => {
  const form = document.querySelector("form[data-pieces]");
  const { pieces, actor, about } = JSON.parse(sessionStorage.getItem(BEGUN) ?? "{}");
  if (!form || form.dataset.pieces !== pieces || document.body.dataset.actor !== actor) return;
  const length = await howMuchHasCome(pieces, about).catch(() => 0);
  if (!length) return;
  const said = document.createElement("p");
  said.className = "caution";
  said.dataset.waiting = "";
  said.setAttribute("role", "status");
  const { waits } = form.querySelector("[data-problem]").dataset;
  said.textContent = filled(waits, { name: about.name, share: percent(length, about.size) });
  form.querySelector("input[type=file]").before(said);
});

// Large files are sent with how far that is, several a few at a time: what has come stays then. On
// the form for pictures, a film goes its own way.
const isFilm = (file) => file.type.startsWith("video/") || /\.(mkv|avi|mov|mp4)$/i.test(file.name);
const isPicture = (file) => file.type.startsWith("image/") || /\.(heic|heif|tiff?)$/i.test(file.name);
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("[data-upload]")) return; // it is being asked about
  const inputs = [...form.querySelectorAll("input[type=file]")];
  const several = inputs.some((each) => each.multiple);
  let files = inputs.flatMap((each) => [...each.files].map((file) => [each.name, file]));
  if (several) files = files.filter(([, file]) => isFilm(file) || isPicture(file));
  const action = form.dataset.filmAction;
  if (!files.length || (action && !isFilm(files[0][1]))) return;
  event.preventDefault();
  const problem = form.querySelector("[data-problem]");
  const sending = form.querySelector(".sending");
  const bar = sending.querySelector("progress");
  const say = (...what) => {
    problem.replaceChildren(...what);
    problem.hidden = !what.length;
    sending.hidden = true;
  };
  if (files.some(([, file]) => file.size > Number(form.dataset.most)))
    return say(problem.dataset.large);
  if (!several) return sendInPieces(form, inputs, files[0][1], { say, sending, bar, problem });
  const all = files.reduce((sum, [, file]) => sum + file.size, 0);
  let before = 0;
  const sendSome = () => {
    const batch = [];
    let size = 0;
    while (files.length && batch.length < 20 && (!batch.length || size < 64 * 2 ** 20)) {
      batch.push(files.shift());
      size += batch.at(-1)[1].size;
    }
    const body = new FormData(form);
    for (const each of inputs) body.delete(each.name);
    for (const [name, file] of batch) body.append(name, file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", action ?? form.action);
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (sent) => {
      bar.value = (100 * (before + sent.loaded)) / Math.max(all, before + sent.total);
    });
    request.addEventListener("load", () => {
      const next = request.getResponseHeader("HX-Redirect");
      before += size;
      if (next && files.length) return sendSome();
      if (next) return window.location.assign(next);
      say(...toldIn(request.responseText, problem));
    });
    request.addEventListener("error", () => say(problem.dataset.broken));
    request.addEventListener("abort", () => say(problem.dataset.stopped));
    sending.querySelector("[data-abort]").onclick = () => request.abort();
    request.send(body);
  };
  say();
  sending.hidden = false;
  sendSome();
});
