/* SPDX-License-Identifier: Apache-2.0 */
/* Makes password fields nicer: a button that shows what was typed, and a hint of its strength. The
   server alone decides what is accepted. */
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

/* Length first, then how many different characters, then how many kinds of them. */
const strength = (text) => {
  const characters = [...text];
  const different = new Set(characters.map((c) => c.toLowerCase())).size;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((k) => k.test(text)).length;
  if (characters.length < 12 || different < 6) return 1;
  const points = characters.length + different / 2 + 2 * kinds;
  return points < 24 ? 2 : points < 32 ? 3 : 4;
};

for (const meter of document.querySelectorAll(".meter")) {
  const input = document.getElementById(meter.dataset.for);
  const text = meter.querySelector("output");
  const update = () => {
    const level = input.value ? strength(input.value) : 0;
    meter.dataset.level = level;
    text.value = level ? meter.dataset[level] : "";
  };
  input.addEventListener("input", update);
  update();
}
