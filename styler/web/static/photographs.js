// The photographs that are open, and their thumbnails, of which the pressed one is shown.
import { Problem } from "./api.js";
import { opened } from "./pictures.js";
import { change, state } from "./state.js";
import { texts } from "./texts.js";

const $ = (id) => document.getElementById(id);
export const photos = [];
export const openPhotos = () => photos.filter((photo) => !photo.removed);

export async function addPhotos(files, { complain, isPasted = false }) {
  const before = photos.length;
  for (const file of files) {
    try {
      photos.push(await opened(file, isPasted));
    } catch (problem) {
      complain(problem instanceof Problem ? problem : { message: texts.notPicture(file.name) });
    }
  }
  if (photos.length > before) change({ photo: before, marks: [] });
}

function choosePhoto(index) {
  if (index !== state().photo) change({ photo: index, marks: [] });
}

function removePhoto() {
  photos[state().photo].removed = true; // its place stays, since the history has places
  choosePhoto(photos.indexOf(openPhotos().at(-1)));
}

// One photograph alone needs no thumbnail.
export function showStrip(now) {
  const strip = $("strip");
  const hadFocus = strip.contains(document.activeElement);
  strip.hidden = openPhotos().length < 2;
  strip.replaceChildren();
  for (const photo of openPhotos()) {
    const button = Object.assign(document.createElement("button"), { title: photo.name });
    button.append(Object.assign(document.createElement("img"), { src: photo.thumbnail, alt: photo.name }));
    const index = photos.indexOf(photo);
    button.setAttribute("aria-pressed", index === now.photo);
    button.onclick = () => choosePhoto(index);
    strip.append(button);
  }
  const remove = Object.assign(document.createElement("button"), { className: "icon", title: texts.removePhoto });
  remove.setAttribute("aria-label", texts.removePhoto);
  remove.append($("helpDialog").querySelector("svg").cloneNode(true));
  remove.onclick = removePhoto;
  strip.append(remove);
  if (hadFocus) (strip.hidden ? $("stage") : strip.querySelector("[aria-pressed=true]")).focus();
}
