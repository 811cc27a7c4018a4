// Suggestions while typing: a combobox with a list box popup as in WAI-ARIA 1.2.
// Without this file the form still searches.

const PAUSE = 120; // milliseconds without a keystroke before the server is asked

class SearchBox {
  #form;
  #input;
  #list;
  #status;
  #options = [];
  #active = -1;
  #timer = 0;
  #request = new AbortController();

  constructor(form) {
    this.#form = form;
    this.#input = form.querySelector("input");
    this.#list = form.querySelector("[role=listbox]");
    this.#status = form.querySelector("[role=status]");
    const input = this.#input;
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", this.#list.id);
    input.setAttribute("aria-expanded", "false");
    input.addEventListener("input", (event) => event.isComposing || this.#typed());
    input.addEventListener("compositionend", () => this.#typed());
    input.addEventListener("keydown", (event) => event.isComposing || this.#pressed(event));
    input.addEventListener("blur", () => this.#close());
    form.addEventListener("submit", () => this.#close());
    // The field keeps the focus while a suggestion is clicked.
    this.#list.addEventListener("mousedown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#choose(this.#options[Number(option.dataset.position)]);
    });
  }

  get #isOpen() {
    return !this.#list.hidden;
  }

  #typed() {
    this.#forget();
    if (this.#input.value.trim()) this.#timer = setTimeout(() => this.#ask(), PAUSE);
    else this.#close();
  }

  // Drops the request that is planned or under way: its answer would be stale.
  #forget() {
    clearTimeout(this.#timer);
    this.#request.abort();
  }

  async #ask() {
    this.#forget();
    const request = (this.#request = new AbortController());
    const url = new URL(this.#form.dataset.shoprecoSuggest, location.href);
    url.searchParams.set("q", this.#input.value);
    try {
      const response = await fetch(url, { signal: request.signal });
      const suggestions = response.ok ? (await response.json()).suggestions : [];
      if (!request.signal.aborted) this.#show(suggestions);
    } catch (error) {
      if (error.name !== "AbortError") this.#close();
    }
  }

  #show(suggestions) {
    this.#options = suggestions;
    this.#list.replaceChildren(...suggestions.map((each, position) => this.#option(each, position)));
    this.#activate(-1);
    this.#open(suggestions.length > 0);
    const { some, none } = this.#form.dataset;
    this.#status.textContent = suggestions.length ? some.replace("{count}", suggestions.length) : none;
  }

  #option({ text, label, kind }, position) {
    const option = document.createElement("li");
    option.id = `${this.#list.id}-${position}`;
    option.className = "shopreco-suggestion";
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.dataset.position = position;
    option.dataset.kind = kind;
    option.append(text);
    if (label) {
      const small = document.createElement("small");
      small.className = "shopreco-suggestion-label";
      small.textContent = label;
      option.append(" ", small);
    }
    return option;
  }

  #open(open) {
    this.#list.hidden = !open;
    this.#input.setAttribute("aria-expanded", String(open));
  }

  #close() {
    this.#forget();
    this.#activate(-1);
    this.#open(false);
    this.#status.textContent = "";
  }

  // -1 is the field itself.
  #activate(position) {
    this.#active = position;
    for (const option of this.#list.children) {
      const chosen = Number(option.dataset.position) === position;
      option.setAttribute("aria-selected", String(chosen));
      if (chosen) option.scrollIntoView({ block: "nearest" });
    }
    if (position < 0) this.#input.removeAttribute("aria-activedescendant");
    else this.#input.setAttribute("aria-activedescendant", `${this.#list.id}-${position}`);
  }

  #pressed(event) {
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (this.#isOpen) this.#move(key === "ArrowDown" ? 1 : -1);
      else if (this.#input.value.trim()) this.#ask();
    } else if (key === "Escape" && this.#isOpen) {
      event.preventDefault();
      this.#close();
    } else if (key === "Enter" && this.#isOpen && this.#active >= 0) {
      event.preventDefault();
      this.#choose(this.#options[this.#active]);
    }
  }

  // Round through the suggestions, with the field between the last and the first.
  #move(step) {
    const places = this.#options.length + 1;
    this.#activate(((this.#active + 1 + step + places) % places) - 1);
  }

  #choose({ text, url, facet }) {
    this.#close();
    if (url) {
      location.assign(url);
    } else if (facet) {
      const asked = new URLSearchParams(new FormData(this.#form));
      asked.delete(this.#input.name);
      asked.append(this.#form.dataset.facetPrefix + facet, text);
      location.assign(`${this.#form.action}?${asked}`);
    } else {
      this.#input.value = text;
      this.#form.requestSubmit();
    }
  }
}

for (const form of document.querySelectorAll("form[data-shopreco-suggest]")) new SearchBox(form);
