/* Names the field of suggestions for screen readers: select2 takes its words from what is chosen,
   leaves the label out, and calls the chosen words a text field. */
"use strict";

// After Django's own script, which makes the fields when the page is ready.
django.jQuery(() => {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const field = select.nextElementSibling.querySelector(".select2-selection");
    const chosen = field.querySelector(".select2-selection__rendered");
    const [label] = select.labels;
    label.id = `${select.id}_label`;
    chosen.removeAttribute("role");
    chosen.removeAttribute("aria-readonly");
    field.setAttribute("aria-labelledby", `${label.id} ${chosen.id}`);
  }
});
