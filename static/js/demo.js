"use strict";
// The demo's panel: the application's own read, again and again, so that its answer changes while
// one watches. The token is the demo's own and reads production only.
for (const panel of document.querySelectorAll("[data-app-panel]")) {
  const lead = panel.querySelector("[data-app-lead]");
  const answer = panel.querySelector("[data-app-answer]");
  let before = null;
  const read = async () => {
    try {
      const response = await fetch(panel.dataset.path, {
        headers: { Authorization: `Bearer ${panel.dataset.token}` },
        cache: "no-store",
        credentials: "omit",
      });
      const body = await response.json();
      const text = response.ok ? body.template : `${response.status} ${body.code}: ${body.detail}`;
      if (text !== before) {
        const version = response.ok ? `v${body.version}` : "nothing";
        lead.textContent = before === null
          ? `Live now: ${version}. Read again every second.`
          : `Changed at ${new Date().toLocaleTimeString()}: ${version} is live now.`;
        answer.textContent = text;
        panel.classList.toggle("changed", before !== null);
        before = text;
      }
    } catch {
      lead.textContent = "The app does not answer at the moment.";
    }
    window.setTimeout(read, 1000);
  };
  read();
}
