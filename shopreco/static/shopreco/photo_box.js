// Search by photo: a picture that is chosen, dropped or pasted is made small and sent at once.
// Without this file the form still sends one.

const SIDE = 1024; // pixels; the server looks at no more than half of it
const LIGHT = 300_000; // bytes; a smaller file is sent as it is
const PREVIEW = 160; // pixels
const KEPT = "shopreco-photo"; // in the session storage: the preview of the photo on its way

function drawn(bitmap, side) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function jpeg(canvas) {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
}

// What a browser cannot read is sent as it is: the server may, or says why not.
async function prepared(file) {
  try {
    const bitmap = await createImageBitmap(file);
    sessionStorage.setItem(KEPT, drawn(bitmap, PREVIEW).toDataURL("image/jpeg"));
    if (file.size <= LIGHT) return file;
    return new File([await jpeg(drawn(bitmap, SIDE))], "photo.jpg", { type: "image/jpeg" });
  } catch {
    return file;
  }
}

class PhotoBox {
  #box;
  #details;
  #form;
  #status;

  constructor(details) {
    this.#details = details;
    this.#box = details.parentElement;
    this.#form = details.querySelector("form");
    this.#status = this.#form.querySelector("[role=status]");
    this.#form.querySelector(".shopreco-photo-hint").hidden = false;
    this.#form.querySelector("[type=submit]").hidden = true;
    this.#form.addEventListener("change", ({ target }) => this.#take(target.files));
    document.addEventListener("paste", (event) => this.#pasted(event));
    document.addEventListener("click", ({ target }) => this.#box.contains(target) || this.#close());
    details.addEventListener("keydown", ({ key }) => key === "Escape" && this.#escape());
    // Over the page a picture opens the panel; what is dropped elsewhere is the browser's.
    document.addEventListener("dragenter", (event) => this.#entered(event));
    this.#box.addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
    this.#box.addEventListener("drop", (event) => this.#dropped(event));
    window.addEventListener("pageshow", () => this.#busy(false));
  }

  #entered(event) {
    if (holdsFiles(event)) this.#details.open = true;
    this.#box.classList.toggle("shopreco-photo-near", this.#box.contains(event.target));
  }

  #dropped(event) {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    this.#box.classList.remove("shopreco-photo-near");
    this.#take(event.dataTransfer.files);
  }

  // Words are pasted as ever, and other fields of the page are left alone.
  #pasted(event) {
    const files = event.clipboardData.files;
    const ours = event.target === document.body || this.#box.contains(event.target);
    if (!ours || ![...files].some(isPicture)) return;
    event.preventDefault();
    this.#take(files);
  }

  async #take(files) {
    if (!files?.length) return;
    this.#details.open = true;
    const picture = [...files].find(isPicture);
    this.#status.textContent = picture ? this.#form.dataset.reading : this.#form.dataset.other;
    if (!picture) return;
    this.#busy(true);
    const transfer = new DataTransfer();
    transfer.items.add(await prepared(picture));
    const [field, ...others] = this.#form.querySelectorAll("[type=file]");
    for (const other of others) other.value = "";
    field.files = transfer.files;
    const words = this.#box.querySelector(".shopreco-search-input");
    this.#form.elements.namedItem(words.name).value = words.value;
    this.#form.submit();
  }

  #busy(busy) {
    this.#form.setAttribute("aria-busy", String(busy));
    if (!busy) this.#status.textContent = "";
  }

  #close() {
    this.#details.open = false;
  }

  #escape() {
    this.#close();
    this.#details.querySelector("summary").focus();
  }
}

function holdsFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

function isPicture(file) {
  return file.type.startsWith("image/");
}

// The server keeps no photo, so the preview beside its results is this browser's own.
async function show(canvases) {
  const sent = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  for (const canvas of canvases) {
    const key = `${KEPT}:${canvas.dataset.shoprecoPhoto}`;
    if (sent && !sessionStorage.getItem(key)) sessionStorage.setItem(key, sent);
    const kept = sessionStorage.getItem(key);
    if (!kept) continue;
    const bytes = Uint8Array.from(atob(kept.split(",")[1]), (each) => each.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    canvas.hidden = false;
  }
}

for (const details of document.querySelectorAll(".shopreco-photo")) new PhotoBox(details);
show(document.querySelectorAll("canvas[data-shopreco-photo]"));
