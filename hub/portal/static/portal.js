// For comfort only: every page and form works without it.
const status = document.getElementById("status");
const ending = document.getElementById("ending");
const say = (text) => { if (status) status.textContent = text; };

document.getElementById("errors")?.focus();

// Two minutes before the session ends: one press prolongs it. At the end the page is replaced.
const WARNING = 120_000;
let ends = Date.now() + Number(ending?.dataset.left) * 1000;
let timer;
const watch = () => {
  clearTimeout(timer);
  const left = ends - Date.now();
  if (left <= 0) { location.replace("/?utloggad=tid"); return; }
  if (left <= WARNING && !ending.open) ending.showModal();
  timer = setTimeout(watch, Math.min(left > WARNING ? left - WARNING : left, 2 ** 30));
};
if (ending && ends) {
  ending.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch("/forlang", { method: "POST", body: new URLSearchParams(new FormData(event.target)), redirect: "manual" });
    if (!answer.ok) { location.replace("/?utloggad=tid"); return; }
    ends = Date.now() + (await answer.json()).left * 1000;
    ending.close();
    say(ending.dataset.said);
    watch();
  });
  watch();
}

// Sections whose sources are still being asked are filled in when the answers have come.
const fill = async (tries) => {
  if (!document.querySelector("section[aria-busy]") || tries === 0) return;
  const answer = await fetch(location.href, { redirect: "manual" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("section[aria-busy]")) {
    const fresh = page.getElementById(old.id);
    if (!fresh) continue;
    if (!fresh.hasAttribute("aria-busy")) say(fresh.querySelector("h2").textContent);
    old.replaceWith(fresh);
  }
  const box = document.querySelector(".gaps, .all-well"), now = page.querySelector(".gaps, .all-well");
  if (box && now) box.replaceWith(now);
  setTimeout(() => fill(tries - 1), 3000);
};
setTimeout(() => fill(5), 2000);
