// Tells the shop what visitors do. Unless the shop says it may, it stores nothing here.

const url = document.querySelector("[data-shopreco-events]").dataset.shoprecoEvents;
const STORE = "shopreco.", DELAY = 2000, BATCH = 50;
const id = () => crypto.getRandomValues(new Uint32Array(4)).reduce((t, n) => t + n.toString(16).padStart(8, 0), "");
const page = id();
let waiting = [], session = "", may = false, pause = 0, next = 0;

// What earlier pages had no answer to is sent again.
try {
  session = sessionStorage.getItem(STORE) ?? "";
  may = Boolean(session);
  for (const key of Object.keys(localStorage)) if (key.startsWith(STORE)) {
    waiting.push(...JSON.parse(localStorage.getItem(key)));
    localStorage.removeItem(key);
  }
} catch { /* forbidden */ }

function keep() {
  session = may ? session || id() : "";
  try {
    sessionStorage[may ? "setItem" : "removeItem"](STORE, session);
    if (may && waiting.length) localStorage.setItem(STORE + page, JSON.stringify(waiting));
    else localStorage.removeItem(STORE + page);
  } catch { /* full, or forbidden */ }
}

export function track(event) {
  const time = new Date().toISOString();
  waiting = [...waiting, { uuid: id(), time, page, session, sender: "shopreco.js", ...event }].slice(-500);
}

const pack = (events) => new Blob([JSON.stringify({ events, sent_at: new Date().toISOString() })]);

async function send() {
  flush();
  if (!waiting.length || Date.now() < next) return;
  next = Infinity;
  const sent = waiting.slice(0, BATCH);
  try {
    const answer = await fetch(url, { method: "POST", body: pack(sent), keepalive: true });
    // What is refused is not sent again.
    if (answer.status >= 500 || answer.status === 429) throw answer;
    if (answer.ok) may = (await answer.json()).remember;
    waiting = waiting.filter((each) => !sent.includes(each));
    pause = 0;
  } catch {
    pause = Math.min(2 * pause + DELAY, 60000);
  }
  next = Date.now() + pause;
  keep();
}
setInterval(send, DELAY);

addEventListener("pagehide", () => {
  flush();
  keep();
  for (let n = 0; n < waiting.length; n += BATCH) navigator.sendBeacon(url, pack(waiting.slice(n, n + BATCH)));
  if (!may) waiting = [];
});

// A card counts as seen when half of it was visible for a second.
const seen = new Map(), known = new WeakSet();
const listOf = (card) => card.closest("[data-rec-id], [data-query-id]");

function report(verb, { dataset: { recId, queryId, placement } }, cards) {
  const name = verb + (recId ? "_recommendation" : verb === "view" ? "_item_list" : "_item");
  const items = cards.map(({ dataset }) => ({ item_id: dataset.itemId, position: dataset.rank }));
  track({ name, rec_id: recId, query_id: queryId, placement, items });
}

const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    clearTimeout(target.shopreco);
    if (isIntersecting) target.shopreco = setTimeout(saw, 1000, target);
  }
}, { threshold: 0.5 });

function saw(card) {
  observer.unobserve(card);
  seen.set(listOf(card), [...(seen.get(listOf(card)) ?? []), card]);
}

function flush() {
  for (const [list, cards] of seen) report("view", list, cards);
  seen.clear();
}

function look() {
  for (const each of document.querySelectorAll("[data-item-id], [data-shopreco-event]")) {
    if (known.has(each)) continue;
    known.add(each);
    if (each.dataset.shoprecoEvent) track(JSON.parse(each.dataset.shoprecoEvent));
    else if (listOf(each)) observer.observe(each);
  }
}
look();
new MutationObserver(look).observe(document.body, { childList: true, subtree: true });

addEventListener("click", ({ target }) => {
  const link = target.closest("[data-item-id] a[href]:not([data-reason])"), list = link && listOf(link);
  if (list) report("select", list, [link.closest("[data-item-id]")]);
});

addEventListener("submit", ({ target }) => {
  const event = JSON.parse(target.dataset.shoprecoSubmit ?? null);
  const quantity = new FormData(target).get("quantity") ?? 1;
  if (event) track({ ...event, items: event.items.map((each) => ({ quantity, ...each })) });
});
