// The tray: jobs of full size with their progress, and the pictures made so far, in a row or as a grid.
import { events, patiently, request } from "./api.js";
import { opened } from "./pictures.js";
import { texts } from "./texts.js";

const $ = (id) => document.getElementById(id);
const AT_ONCE = 3; // uploads at a time
let running = 0;
const queue = [];
const unfinished = new Set();
const results = [];

const size = (bytes) => (bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

// Add a job: `make` returns the form of its request, `tell` says something to everyone, `onView` shows a picture.
export function addJob({ thumbnail, name, make, onView, tell, fail }) {
  const card = document.createElement("li");
  card.className = "card";
  card.innerHTML = `<button class="picture"><img alt=""></button><div class="facts"><div class="name"></div>
    <progress max="1" value="0"></progress><div class="what"></div><div class="row actions"></div></div>`;
  const part = (selector) => card.querySelector(selector);
  part("img").src = thumbnail;
  part(".name").textContent = part(".name").title = name;
  part("progress").setAttribute("aria-label", name);
  part(".picture").setAttribute("aria-label", `${texts.view} ${name}`);
  part(".picture").disabled = true;
  const say = (text) => (part(".what").textContent = part(".what").title = text);
  const button = (text, act) => {
    const made = Object.assign(document.createElement("button"), { className: "quiet", textContent: text, onclick: act });
    made.setAttribute("aria-label", `${text} ${name}`);
    part(".actions").append(made);
    return made;
  };
  const gone = new AbortController();
  const job = { id: null };
  unfinished.add(job);
  button(texts.cancel, () => {
    gone.abort();
    if (job.id) drop(job.id);
    finish(texts.cancelled);
  });
  function finish(text) {
    const hadFocus = card.contains(document.activeElement);
    unfinished.delete(job);
    card.classList.add("ended");
    part("progress").hidden = true;
    part(".actions").replaceChildren();
    say(text);
    const removal = button(texts.remove, remove);
    if (hadFocus) removal.focus();
  }
  function remove() {
    const neighbour = card.nextElementSibling ?? card.previousElementSibling;
    card.remove();
    const index = results.findIndex((one) => one.card === card);
    if (index >= 0) results.splice(index, 1)[0].addresses.forEach((address) => URL.revokeObjectURL(address));
    update();
    (neighbour?.querySelector(".actions button") ?? $("make")).focus();
  }
  async function run() {
    const { data } = await make();
    const answer = await patiently("/api/jobs", { method: "POST", body: data, signal: gone.signal });
    job.id = (await answer.json()).id;
    if (gone.signal.aborted) return drop(job.id);
    for await (const now of events(job.id)) {
      if (gone.signal.aborted) return;
      part("progress").value = now.progress;
      const percent = Math.round(now.progress * 100);
      say(now.state === "waiting" ? texts.waiting : texts.running(percent, now.seconds_left === null ? null : Math.ceil(now.seconds_left)));
      if (now.problem) throw Object.assign(new Error(now.problem.detail), { todo: now.problem.todo });
      if (now.state === "cancelled") return finish(texts.cancelled);
    }
    const blob = await (await request(`/api/jobs/${job.id}/result`)).blob();
    drop(job.id);
    const address = URL.createObjectURL(blob);
    const shown = await opened(new File([blob], name, { type: blob.type }));
    finish(texts.done(size(blob.size)));
    tell(texts.finished(name));
    const link = Object.assign(document.createElement("a"), { href: address, download: name, textContent: texts.save, className: "button primary" });
    link.setAttribute("aria-label", `${texts.save} ${name}`);
    part(".actions").prepend(link);
    const result = { card, link, addresses: [address, shown.shown, shown.thumbnail], isSaved: false };
    link.addEventListener("click", () => (result.isSaved = true));
    results.push(result);
    part("img").src = shown.thumbnail;
    part(".picture").disabled = false;
    part(".picture").onclick = () => {
      showGrid(false);
      onView(shown.shown);
    };
    update();
  }
  say(texts.waiting);
  $("cards").prepend(card);
  update();
  queue.push(async () => {
    try {
      if (!gone.signal.aborted) await run();
    } catch (problem) {
      if (gone.signal.aborted) return;
      card.classList.add("failed");
      finish(`${texts.failed}: ${problem.message}`);
      fail(problem);
    }
  });
  next();
}

async function next() {
  if (running >= AT_ONCE || !queue.length) return;
  running += 1;
  await queue.shift()();
  running -= 1;
  next();
}

const drop = (id) => request(`/api/jobs/${id}`, { method: "DELETE", keepalive: true }).catch(() => {});

function update() {
  const count = $("cards").children.length;
  $("tray").hidden = !count;
  $("saveAll").hidden = results.length < 2;
  if (!count) showGrid(false);
}

// Show the pictures as a grid in place of the stage, or in a row below it.
export function showGrid(isShown) {
  const isGrid = isShown && !$("tray").hidden;
  document.querySelector("main").classList.toggle("grid", isGrid);
  $("grid").setAttribute("aria-pressed", isGrid);
}

export const isGrid = () => document.querySelector("main").classList.contains("grid");
export const saveAll = () => results.forEach(({ link }, index) => setTimeout(() => link.click(), index * 250));

// Whoever leaves is asked while pictures are not saved; what nobody waits for any more is not computed.
window.addEventListener("beforeunload", (event) => {
  if (unfinished.size || results.some((one) => !one.isSaved)) event.preventDefault();
});
window.addEventListener("pagehide", () => {
  for (const job of unfinished) if (job.id) drop(job.id);
});
