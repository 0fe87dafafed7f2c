// Keeps an open page of a change fresh: asks about once a second while the page is seen, and swaps
// only the parts that moved. What is typed, opened or focused stays. Without this file the page
// works as well; it is then as fresh as its last load.
(() => {
  "use strict";
  const root = document.querySelector("[data-live]");
  if (!root) return;

  const EVERY = 1000;      // milliseconds between two looks
  const SLOW = 15000;      // the most, after errors or a long time without news
  let tag = root.dataset.tag;
  let mark = root.dataset.mark;
  let quiet = 0;           // looks since something moved
  let failures = 0;
  let timer = 0;

  const part = (where, name) => where.querySelector(`[data-part="${name}"]`);

  // Put new content in, and give back what the person had open, ticked, typed and focused.
  const swap = (old, fresh) => {
    const open = [...old.querySelectorAll("details[id]")].filter((d) => d.open).map((d) => d.id);
    const boxes = [...old.querySelectorAll("input:is([type=checkbox], [type=radio])[id]")];
    const ticked = new Map(boxes.map((box) => [box.id, box.checked]));
    const written = new Map([...old.querySelectorAll("textarea[id]")].map((t) => [t.id, t.value]));
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    old.replaceChildren(...fresh.childNodes);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    for (const [id, checked] of ticked) {
      const box = document.getElementById(id);
      if (box) box.checked = checked;
    }
    for (const [id, text] of written) {
      const field = document.getElementById(id);
      if (field) field.value = text;
    }
    if (focused) (document.getElementById(focused) ?? old.closest("main"))?.focus();
  };

  // Two texts are the same when only keys of forms differ, or what a refused form had in it.
  const words = (node) => {
    const copy = node.cloneNode(true);
    copy.querySelectorAll("input[type=hidden]").forEach((input) => {
      if (input.name === "key" || input.name === "csrfmiddlewaretoken") input.remove();
    });
    copy.querySelectorAll("details").forEach((details) => details.removeAttribute("open"));
    copy.querySelectorAll("input[type=radio]").forEach((radio) => radio.removeAttribute("checked"));
    copy.querySelectorAll("[aria-invalid]").forEach((field) => {
      field.removeAttribute("aria-invalid");
      const by = field.getAttribute("aria-describedby")?.replace(/ ?refusal/, "") ?? "";
      if (by) field.setAttribute("aria-describedby", by);
      else field.removeAttribute("aria-describedby");
    });
    return copy.innerHTML.replace(/\s+/g, " ").trim();
  };

  const say = (text) => {
    const place = root.querySelector("[data-say]");
    if (place) place.textContent = text;
  };

  const decide = (verbs) => {
    const form = root.querySelector("[data-decide]");
    if (!form) return;
    const comment = form.querySelector("[data-comment]");
    const typed = form.querySelector("textarea")?.value;
    form.hidden = !verbs.dataset.any && !typed;
    if (comment) comment.hidden = !verbs.dataset.commentFor && !typed;
  };

  const apply = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const before = root.querySelector("[data-state]")?.textContent;
    for (const fresh of page.querySelectorAll("[data-part]")) {
      const old = part(root, fresh.dataset.part);
      if (fresh.dataset.part === "verbs") decide(fresh);
      if (!old || words(old) === words(fresh)) continue;
      swap(old, fresh);
      old.classList.remove("fresh");
      void old.offsetWidth;
      old.classList.add("fresh");
    }
    const after = root.querySelector("[data-state]")?.textContent;
    if (after && after !== before) say(`This change is now: ${after}.`);
  };

  // The same revision, and more of it to show: the scan has marked what it found.
  const reread = async () => {
    const answer = await fetch(window.location.pathname, { cache: "no-store", redirect: "manual" });
    if (answer.status !== 200) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-content]");
    const old = root.querySelector("[data-content]");
    const same = page.querySelector("[data-live]")?.dataset.seen === root.dataset.seen;
    if (fresh && old && same) swap(old, fresh);
  };

  const look = async () => {
    const answer = await fetch(root.dataset.live, {
      headers: { "If-None-Match": tag },
      cache: "no-store",
      redirect: "manual",
    });
    if (answer.status === 304) {
      quiet += 1;
      return true;
    }
    // Signed out, or not open to this person any more: stop, the next click will say so.
    if (answer.status !== 200) return answer.status >= 500;
    tag = answer.headers.get("ETag") ?? "";
    quiet = 0;
    apply(await answer.text());
    if (answer.headers.get("X-Seen") !== root.dataset.seen) {
      root.querySelector("[data-moved]")?.removeAttribute("hidden");
    } else if (answer.headers.get("X-Mark") !== mark) {
      await reread();
      mark = answer.headers.get("X-Mark");
    }
    return true;
  };

  const wait = () => {
    const idle = quiet > 600 ? SLOW : quiet > 120 ? 3 * EVERY : EVERY;
    timer = window.setTimeout(turn, Math.min(SLOW, Math.max(idle, EVERY * 2 ** failures)));
  };

  const turn = async () => {
    timer = 0;
    if (document.visibilityState !== "visible") return;
    let goOn = true;
    try {
      goOn = await look();
      failures = 0;
    } catch {
      failures = Math.min(failures + 1, 4);
    }
    if (goOn) wait();
  };

  const wake = () => {
    quiet = 0;
    if (!timer && document.visibilityState === "visible") wait();
  };
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("pageshow", wake);
  document.addEventListener("pointerdown", () => { quiet = 0; }, { passive: true });
  wait();
})();
