// Keeps all files of the page, so that it opens without a network once it was loaded.

const CACHE = "styler-page";
const LARGE = /webgpu|asyncify/; // the runtime for WebGPU, kept once it was used: the page can do without it

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    const names = Object.keys(await (await fetch("files.json")).json()).filter((name) => !LARGE.test(name));
    await cache.addAll(["./", "files.json", ...names]);
  })());
});

// From the network where it answers, so that a page that was exported again is not mixed with the old one.
async function answer(request) {
  try {
    const found = await fetch(request);
    if (LARGE.test(request.url) && found.ok) await (await caches.open(CACHE)).put(request, found.clone());
    return found;
  } catch (problem) {
    const kept = await caches.match(request, { cacheName: CACHE });
    if (!kept) throw problem;
    return kept;
  }
}

self.addEventListener("fetch", (event) => event.respondWith(answer(event.request)));
