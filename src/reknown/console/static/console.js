// Every change carries the token of this sign-in; forms have it as a field, htmx as a header.
document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-Form-Token"] = document.body.dataset.formToken ?? "";
});

// What cannot be taken back is asked for once more.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// Shift and a click choose all faces between two.
let last = null;
document.addEventListener("click", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.type !== "checkbox" || box.name !== "face") return;
  const boxes = [...document.querySelectorAll('input[name="face"]')];
  if (event.shiftKey && last !== null && boxes.includes(last)) {
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
    for (const each of boxes.slice(from, to + 1)) each.checked = box.checked;
  }
  last = box;
});

// A reviewer's own copy of the probe is shown beside the candidates if it is the very file; it is
// read here and sent nowhere.
document.addEventListener("change", async (event) => {
  const chosen = event.target;
  if (!chosen.matches?.("[data-probe-file]") || !chosen.files[0]) return;
  const figure = document.querySelector("[data-probe]");
  const error = document.querySelector("#probe-error");
  if (!crypto.subtle) {
    error.textContent = "To check the file, this page has to come over HTTPS or from this machine.";
    return;
  }
  const bytes = await chosen.files[0].arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = [...digest].map((each) => each.toString(16).padStart(2, "0")).join("");
  const same = hex === figure.dataset.probe;
  error.textContent = same ? "" : "This is another file than the probe.";
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
