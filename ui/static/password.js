/* SPDX-License-Identifier: Apache-2.0 */
/* Makes password fields nicer: a button that shows what was typed, and how strong the
   server finds it. */
const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
};

for (const box of document.querySelectorAll(".secret")) {
  const input = box.querySelector("input");
  const button = document.createElement("button");
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-label", shown ? box.dataset.hide : box.dataset.show);
    button.title = shown ? box.dataset.hide : box.dataset.show;
    button.replaceChildren(icon(shown ? "eye-off" : "eye"));
  };
  button.type = "button";
  button.className = "reveal";
  button.setAttribute("aria-controls", input.id);
  button.addEventListener("click", () => show(input.type === "password"));
  /* Never submitted, nor remembered by the browser, as readable text. */
  input.form.addEventListener("submit", () => show(false));
  show(false);
  box.append(button);
}

/* The server's own judgement, asked for while somebody types: the meter promises nothing that the
   form then refuses. Without an answer it shows nothing. */
const pause = 300;

const weigh = async (password, complete, of, signal) => {
  const reply = await fetch("/v1/auth/password/strength", {
    method: "POST", signal, headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
    body: JSON.stringify({ password, complete, ...of }),
  });
  return reply.ok ? reply.json() : {};
};

for (const meter of document.querySelectorAll(".meter")) {
  const input = document.getElementById(meter.dataset.for);
  const text = meter.querySelector("output");
  const hint = document.getElementById(`${meter.dataset.for}-hint`);
  const usual = hint.textContent;
  let timer, asking;
  const show = ({ score, detail }) => {
    const level = score === undefined ? 0 : Math.max(1, score);
    meter.dataset.level = level;
    text.value = level ? meter.dataset[level] : "";
    hint.textContent = detail ?? usual;
  };
  const ask = async (complete) => {
    const of = {};
    const email = input.form.elements.email?.value || meter.dataset.email;
    const name = input.form.elements.name?.value || meter.dataset.name;
    if (email) of.email = email;
    if (name) of.name = name;
    const mine = (asking = new AbortController());
    try {
      const verdict = await weigh(input.value, complete, of, mine.signal);
      if (!mine.signal.aborted) show(verdict);
    } catch {
      if (!mine.signal.aborted) show({});
    }
  };
  const update = (wait, complete) => {
    clearTimeout(timer);
    asking?.abort();
    if (input.value) timer = setTimeout(ask, wait, complete);
    else show({});
  };
  input.addEventListener("input", () => update(pause, false));
  input.addEventListener("change", () => update(0, true));
  update(pause, false);
}
