// Files that are dropped or pasted: over the settings they are styles, anywhere else photographs.
export function listenForFiles({ addPhotos, chooseStyle }) {
  const take = (files, isStyle, isPasted) => {
    const [file] = files;
    if (!file) return;
    if (isStyle || (files.length === 1 && /\.style$/i.test(file.name))) chooseStyle(file);
    else addPhotos(files, isPasted);
  };
  let depth = 0;
  const mark = (step) => {
    depth = step ? depth + step : 0;
    document.body.classList.toggle("dragging", depth > 0);
  };
  document.addEventListener("dragenter", () => mark(1));
  document.addEventListener("dragleave", () => mark(-1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(0);
    take([...event.dataTransfer.files], Boolean(event.target.closest(".panel")), false);
  });
  document.addEventListener("paste", (event) => {
    take([...event.clipboardData.files], document.querySelector(".panel").matches(":hover"), true);
  });
}
