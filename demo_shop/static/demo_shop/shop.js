// Every page works without this file; it only saves clicks.
"use strict";

document.documentElement.classList.add("scripted");

// Filters, sort order and quantities apply when they change.
document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.matches("[data-submit]") && field.form.reportValidity()) field.form.requestSubmit();
});

// Empty fields stay out of the address.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "get") return;
  for (const field of event.target.elements) {
    if (field.name && field.value === "") field.disabled = true;
  }
});

// Back from the browser's own memory: give the fields back.
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form[method=get] :disabled")) field.disabled = false;
});

// The filters stand open beside the products where there is room for them.
const filters = document.getElementById("narrow-box");
if (filters) {
  const roomy = window.matchMedia("(min-width: 60rem)");
  const fit = () => { filters.open = roomy.matches; };
  roomy.addEventListener("change", fit);
  fit();
}

// A small picture becomes the large one; the video is shown in its place, and plays.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-picture], [data-video]");
  const main = document.querySelector(".gallery-main");
  const video = document.querySelector(".gallery-film");
  if (!link || !main || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const watching = "video" in link.dataset;
  (watching ? video : main).scrollIntoView({ block: "nearest", inline: "start" });
  if (watching) {
    video.play();
  } else {
    video?.pause();
    main.src = link.href;
  }
});
