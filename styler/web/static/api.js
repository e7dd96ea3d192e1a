// Requests to the server. The token comes in the address after #, which browsers send to nobody.
import { texts } from "./texts.js";

const token = new URLSearchParams(location.hash.slice(1)).get("token");

export class Problem extends Error {
  constructor(what, todo, status = 0) {
    super(what);
    Object.assign(this, { todo, status });
  }
}

export async function request(path, options = {}) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(texts.unreachable, "");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) throw new Problem(texts.needToken, "", 401);
  const body = await answer.json().catch(() => ({}));
  throw new Problem(body.detail ?? answer.statusText, body.todo ?? "", answer.status);
}

// Ask again while the queue is full.
export async function patiently(path, options) {
  for (let tries = 0; ; tries++) {
    try {
      return await request(path, options);
    } catch (problem) {
      if (problem.status !== 503 || tries > 30) throw problem;
      await new Promise((done) => setTimeout(done, 1000));
    }
  }
}

// Yield each state of a job until it has ended: server-sent events, read with fetch since EventSource bears no token.
export async function* events(id) {
  const answer = await request(`/api/jobs/${id}/events`);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const lines = text.split("\n\n");
    text = lines.pop();
    for (const line of lines) yield JSON.parse(line.replace(/^data: /, ""));
  }
}
