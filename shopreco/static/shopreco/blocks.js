// Fills the placeholders of {% recommendations … lazy=True %} when they come near the viewport.

const AHEAD = "400px";

const observer = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      fill(target);
    }
  },
  { rootMargin: `${AHEAD} 0px` },
);

// A block that cannot be had is left out: the page does not need it.
async function fill(place) {
  let html = "";
  try {
    const response = await fetch(place.dataset.shoprecoBlock);
    if (response.ok) html = await response.text();
  } catch {
    // offline, or the visitor has left the page
  }
  const block = document.createRange().createContextualFragment(html);
  place.replaceWith(block);
}

for (const place of document.querySelectorAll("[data-shopreco-block]")) observer.observe(place);
