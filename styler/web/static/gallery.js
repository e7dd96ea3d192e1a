// The built-in styles, as a list box: arrow keys move, Enter chooses.
import { request } from "./api.js";

const $ = (id) => document.getElementById(id);
export let styles = [];

export async function loadGallery(choose) {
  styles = await (await request("/api/styles")).json();
  const box = $("styles");
  for (const style of styles) {
    const item = document.createElement("button");
    item.className = "style";
    item.dataset.name = style.name;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.tabIndex = -1;
    item.title = `${style.title}, ${style.painter}`;
    const image = Object.assign(document.createElement("img"), { alt: "", loading: "lazy", width: 300, height: 200 });
    item.append(image, Object.assign(document.createElement("span"), { textContent: style.name.replaceAll("-", " ") }));
    item.onclick = () => choose({ name: style.name });
    box.append(item);
    thumbnail(style.name, image);
  }
  box.firstElementChild.tabIndex = 0;
  box.addEventListener("keydown", move);
}

// With fetch, since an <img> bears no token.
async function thumbnail(name, image) {
  const answer = await request(`/api/styles/${name}/thumbnail`);
  image.src = URL.createObjectURL(await answer.blob());
}

function move(event) {
  const items = [...$("styles").children];
  const columns = getComputedStyle($("styles")).gridTemplateColumns.split(" ").length;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -Infinity, End: Infinity }[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const index = Math.min(items.length - 1, Math.max(0, items.indexOf(document.activeElement) + step));
  for (const item of items) item.tabIndex = -1;
  items[index].tabIndex = 0;
  items[index].focus();
}

export function mark(chosen) {
  for (const item of $("styles").children) {
    const place = chosen.findIndex((style) => !style.file && style.name === item.dataset.name);
    item.setAttribute("aria-selected", String(place >= 0));
    item.classList.toggle("second", place === 1);
  }
  const credits = chosen.map((style) => {
    const found = styles.find((one) => one.name === style.name && !style.file);
    return found ? `${found.title} — ${found.painter}, ${found.year}, ${found.museum}` : style.name;
  });
  $("credit").textContent = credits.join(" + ");
}
