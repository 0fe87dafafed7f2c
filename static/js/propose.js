// Shows the change while it is typed, as the server sees it, and keeps a form from being sent
// twice. Without this file the button "Preview" does the same.
(() => {
  "use strict";
  const form = document.querySelector("[data-propose]");
  if (!form) return;

  const PAUSE = 350;          // milliseconds without a key before the server is asked
  const LONGEST = 200000;     // characters; longer texts are for the button
  const place = form.querySelector("[data-preview]");
  let timer = 0;
  let asked = null;

  const length = () => [...form.querySelectorAll("textarea")].reduce((n, t) => n + t.value.length, 0);

  const look = async () => {
    if (!place || length() > LONGEST) return;
    asked?.abort();
    asked = new AbortController();
    const data = new FormData(form);
    data.set("do", "preview");
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: data,
        headers: { "X-Fragment": "diff" },
        signal: asked.signal,
        redirect: "manual",
      });
      if (answer.status === 200) place.innerHTML = await answer.text();
    } catch {
      // Nothing is lost: the button asks again.
    }
  };

  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-type]")) {
      form.querySelector("[data-type-button]")?.click();
      return;
    }
    if (!event.target.matches("textarea:not(#rationale):not(#description), select")) return;
    window.clearTimeout(timer);
    timer = window.setTimeout(look, PAUSE);
  });

  const button = form.querySelector("[data-type-button]");
  if (button) button.hidden = true;

  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  window.addEventListener("pageshow", () => { sent = false; });
})();
