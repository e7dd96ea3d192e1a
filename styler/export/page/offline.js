// Keeps all files of the page, so that it opens without a network once it was loaded.

const CACHE = "styler-page";

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    const names = Object.keys(await (await fetch("files.json")).json());
    await cache.addAll(["./", "files.json", ...names]);
  })());
});

// From the network where it answers, so that a page that was exported again is not mixed with the old one.
self.addEventListener("fetch", (event) => {
  event.respondWith(fetch(event.request).catch(() => caches.match(event.request, { cacheName: CACHE })));
});
