// The tray: jobs of full size with their progress, and the pictures made so far.
import { events, patiently, request } from "./api.js";
import { texts } from "./texts.js";

const $ = (id) => document.getElementById(id);
const AT_ONCE = 3; // uploads at a time
let running = 0;
const queue = [];
const results = [];

const size = (bytes) => (bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

// Add a job: `make` returns the form of its request.
export function addJob({ thumbnail, name, make, onView, fail }) {
  const card = document.createElement("li");
  card.className = "card";
  card.innerHTML = `<button class="picture"><img alt=""></button><div class="name"></div>
    <progress max="1" value="0"></progress><div class="what" aria-live="polite"></div><div class="row actions"></div>`;
  const part = (selector) => card.querySelector(selector);
  part("img").src = thumbnail;
  part(".name").textContent = name;
  part("progress").setAttribute("aria-label", name);
  part(".picture").setAttribute("aria-label", `${texts.view} ${name}`);
  part(".picture").disabled = true;
  const say = (text) => (part(".what").textContent = text);
  const button = (text, act) => {
    const made = Object.assign(document.createElement("button"), { className: "quiet", textContent: text, onclick: act });
    part(".actions").append(made);
    return made;
  };
  const gone = new AbortController();
  const job = { id: null };
  button(texts.cancel, () => {
    gone.abort();
    if (job.id) request(`/api/jobs/${job.id}`, { method: "DELETE" }).catch(() => {});
    finish(texts.cancelled);
  });
  function finish(text) {
    card.classList.add("ended");
    part("progress").hidden = true;
    part(".actions").replaceChildren();
    say(text);
    button(texts.remove, () => {
      card.remove();
      const index = results.findIndex((one) => one.card === card);
      if (index >= 0) URL.revokeObjectURL(results.splice(index, 1)[0].address);
      update();
    });
  }
  async function run() {
    const { data } = await make();
    const answer = await patiently("/api/jobs", { method: "POST", body: data, signal: gone.signal });
    job.id = (await answer.json()).id;
    for await (const now of events(job.id)) {
      if (gone.signal.aborted) return;
      part("progress").value = now.progress;
      const percent = Math.round(now.progress * 100);
      say(now.state === "waiting" ? texts.waiting : texts.running(percent, now.seconds_left === null ? null : Math.ceil(now.seconds_left)));
      if (now.problem) throw Object.assign(new Error(now.problem.detail), { todo: now.problem.todo });
      if (now.state === "cancelled") return finish(texts.cancelled);
    }
    const blob = await (await request(`/api/jobs/${job.id}/result`)).blob();
    request(`/api/jobs/${job.id}`, { method: "DELETE" }).catch(() => {});
    const address = URL.createObjectURL(blob);
    finish(texts.done(size(blob.size)));
    const link = Object.assign(document.createElement("a"), { href: address, download: name, textContent: texts.save, className: "button primary" });
    part(".actions").prepend(link);
    results.push({ card, address, link });
    const shows = !/tiff/.test(blob.type);
    if (shows) part("img").src = address;
    part(".picture").disabled = !shows;
    part(".picture").onclick = () => onView(address);
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

function update() {
  $("tray").hidden = !$("cards").children.length;
  $("saveAll").hidden = results.length < 2;
}

export const saveAll = () => results.forEach(({ link }, index) => setTimeout(() => link.click(), index * 250));
