// Fills the placeholders of {% recommendations … lazy=True %} when they come near the viewport.

const AHEAD = "400px";
const MAX_EXCLUDED = 200;
const PATIENCE = 10_000;

// One after the other: a block leaves out what the blocks before it show.
let before = Promise.resolve();

const observer = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      before = before.then(() => fill(target));
    }
  },
  { rootMargin: `${AHEAD} 0px` },
);

// A block that cannot be had is left out: the page does not need it.
async function fill(place) {
  let html = "";
  try {
    const response = await fetch(address(place), { signal: AbortSignal.timeout(PATIENCE) });
    if (response.ok) html = await response.text();
  } catch {
    // offline, too late, or the visitor has left the page
  }
  const block = document.createRange().createContextualFragment(html);
  place.replaceWith(block);
}

function address({ dataset }) {
  const url = new URL(dataset.shoprecoBlock, location.href);
  const cards = document.querySelectorAll("[data-rec-id][data-placement] [data-item-id]");
  const shown = new Set([...cards].map((card) => card.dataset.itemId));
  for (const id of [...shown].slice(0, MAX_EXCLUDED)) url.searchParams.append("exclude", id);
  return url;
}

for (const place of document.querySelectorAll("[data-shopreco-block]")) observer.observe(place);
