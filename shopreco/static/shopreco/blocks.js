// Fills the placeholders of {% recommendations … lazy=True %} when they come near the viewport.

const AHEAD = "400px";
const MAX_EXCLUDED = 200;
const PATIENCE = 10_000;
const SESSION = "shopreco.", MEMORY = "shopreco.viewed", MAX_VIEWED = 20;

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

// What was viewed in this tab, the latest first. It is kept between pages only where events.js may
// keep a session; else it is what this page says of itself.
function viewed() {
  const events = [...document.querySelectorAll("[data-shopreco-event]")].map((each) => JSON.parse(each.dataset.shoprecoEvent));
  const here = events.filter(({ name }) => name === "view_item").flatMap(({ items }) => items.map((each) => each.item_id));
  try {
    const kept = JSON.parse(sessionStorage.getItem(MEMORY)) ?? [];
    const all = [...new Set([...here, ...kept])].slice(0, MAX_VIEWED);
    if (!sessionStorage.getItem(SESSION)) sessionStorage.removeItem(MEMORY);
    else if (all.length) sessionStorage.setItem(MEMORY, JSON.stringify(all));
    return all;
  } catch {
    return here; // forbidden
  }
}

function address({ dataset }) {
  const url = new URL(dataset.shoprecoBlock, location.href);
  const cards = document.querySelectorAll("[data-rec-id][data-placement] [data-item-id]");
  const shown = new Set([...cards].map((card) => card.dataset.itemId));
  for (const id of [...shown].slice(0, MAX_EXCLUDED)) url.searchParams.append("exclude", id);
  if ("remembers" in dataset) for (const id of viewed()) url.searchParams.append("recent", id);
  return url;
}

for (const place of document.querySelectorAll("[data-shopreco-block]")) observer.observe(place);

viewed();
addEventListener("pagehide", viewed);
