/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery codes: buttons that copy, print and download them. Without script they can be selected
   and printed. Nothing is sent anywhere. */
const tools = document.querySelector(".tools");
const codes = [...document.querySelectorAll(".codes code")].map((code) => code.textContent);
const text = `${codes.join("\n")}\n`;

const add = (label, act) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "secondary small";
  button.textContent = label;
  button.addEventListener("click", () => act(button));
  tools.append(button);
};

/* What was copied is said for a while, to those who listen too. */
const say = document.createElement("output");
say.className = "sr";

const select = () => {
  const range = document.createRange();
  range.selectNodeContents(document.querySelector(".codes"));
  getSelection().removeAllRanges();
  getSelection().addRange(range);
};

add(tools.dataset.copy, async (button) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    select(); /* no permission: ready for the keyboard */
    return;
  }
  button.textContent = say.value = tools.dataset.copied;
  setTimeout(() => {
    button.textContent = tools.dataset.copy;
    say.value = "";
  }, 3000);
});

add(tools.dataset.print, () => print());

add(tools.dataset.download, () => {
  const head = `${tools.dataset.name}\n${tools.dataset.account}\n\n`;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([head, text], { type: "text/plain" }));
  link.download = "recovery-codes.txt";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
});

tools.append(say);
