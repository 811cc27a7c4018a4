/* Keeps the list of runs fresh while one of them is on: reads the page again and shows its parts. */
"use strict";

(() => {
  const INTERVAL = 5000;
  const PARTS = ["[data-shopreco-refresh]", "#result_list tbody"];

  const isLive = () => document.querySelector("[data-shopreco-refresh] [data-shopreco-live]");

  const refresh = async () => {
    try {
      const response = await fetch(window.location.href, {
        credentials: "same-origin",
        redirect: "manual",
      });
      if (response.type === "opaqueredirect" || response.status === 403) {
        return; // the session has ended: the next click asks to log in
      }
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      for (const part of response.ok ? PARTS : []) {
        const [old, now] = [document.querySelector(part), fresh.querySelector(part)];
        // What did not change keeps its focus, and is not announced again.
        if (old && now && old.innerHTML !== now.innerHTML) {
          old.replaceWith(now);
        }
      }
    } catch {
      // The server cannot be reached now; the next round may.
    }
    if (isLive()) {
      setTimeout(refresh, INTERVAL);
    }
  };

  if (isLive()) {
    setTimeout(refresh, INTERVAL);
  }
})();
