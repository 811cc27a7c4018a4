/* Keeps the page of a run fresh: asks for its progress every second while it is live. */
"use strict";

(() => {
  const INTERVAL = 1000;
  const WINDOW = 30; // seconds that the rate is averaged over

  const section = document.querySelector("[data-shopreco-run]");
  if (!section) {
    return;
  }
  const part = (name) => section.querySelector(`[data-shopreco="${name}"]`);
  const bar = section.querySelector("progress");
  const language = document.documentElement.lang || undefined;
  const number = new Intl.NumberFormat(language);
  const rounded = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(language, { style: "percent" });
  const samples = [];

  const write = (name, text) => {
    const element = part(name);
    // Untouched text is not announced again.
    if (element && element.textContent !== text) {
      element.textContent = text;
    }
  };

  const show = (name, text) => {
    const element = part(name);
    write(name, text);
    element.hidden = !text;
  };

  const clock = (seconds) => {
    const two = (value) => String(value).padStart(2, "0");
    const whole = Math.round(seconds);
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor(whole / 60) % 60;
    return hours
      ? `${hours}:${two(minutes)}:${two(whole % 60)}`
      : `${minutes}:${two(whole % 60)}`;
  };

  const rate = (run) => {
    const now = performance.now() / 1000;
    samples.push({ now, done: run.done });
    while (samples.length > 2 && now - samples[0].now > WINDOW) {
      samples.shift();
    }
    const passed = now - samples[0].now;
    return passed ? Math.max(0, run.done - samples[0].done) / passed : 0;
  };

  const render = (run) => {
    const label = part("label");
    label.className = `shopreco-state shopreco-${run.state}`;
    write("label", run.label);
    write("stage", run.stage);
    for (const name of ["done", "total", "encoded", "changed", "removed", "failed"]) {
      write(name, number.format(run[name]));
    }
    bar.max = run.total || 1;
    if (run.is_live && (run.counting || !run.total)) {
      bar.removeAttribute("value"); // how much there is to do is not known yet
    } else {
      bar.value = run.total ? run.done : Number(!run.is_live);
    }
    write("percent", run.total && !run.counting ? percent.format(run.done / run.total) : "");
    write("taken", run.seconds === null ? "–" : clock(run.seconds));
    write("heartbeat", run.heartbeat);
    show("warning", run.warning);
    show("error", run.error);
    for (const name of ["can_cancel", "can_resume"]) {
      const button = part(name);
      if (button) {
        button.hidden = !run[name];
      }
    }
    if (!run.is_live || run.counting) {
      samples.length = 0;
      const whole = run.state === "done" && run.seconds ? run.total / run.seconds : 0;
      write("rate", whole ? rounded.format(whole) : "–");
      write("left", "–");
      return;
    }
    const perSecond = rate(run);
    write("rate", perSecond ? rounded.format(perSecond) : "–");
    write("left", perSecond ? clock((run.total - run.done) / perSecond) : "–");
  };

  const poll = async () => {
    let wait = INTERVAL;
    try {
      const response = await fetch(section.dataset.shoprecoRun, {
        credentials: "same-origin",
        headers: { Accept: "application/json" },
        redirect: "manual",
      });
      if (response.type === "opaqueredirect" || response.status === 403) {
        show("warning", section.dataset.shoprecoEnded);
        return;
      }
      if (!response.ok) {
        throw new Error(String(response.status));
      }
      const run = await response.json();
      render(run);
      if (!run.is_live) {
        return;
      }
    } catch {
      show("warning", section.dataset.shoprecoLost);
      wait = 5 * INTERVAL;
    }
    setTimeout(poll, wait);
  };

  // Once also for a run that is over: its figures in the reader's own notation.
  poll();
})();
