/* SPDX-License-Identifier: Apache-2.0 */
/* A button below each text that is there to be passed on: references, links. Without script, or
   without the permission, the text is selected by hand. Nothing is sent anywhere. */
for (const code of document.querySelectorAll("code[data-copy]")) {
  const { copy, copied } = code.dataset, button = document.createElement("button");
  button.type = "button";
  button.className = "secondary small copy";
  button.textContent = copy;
  /* Said for a while, to those who listen too. */
  const said = document.createElement("output");
  said.className = "sr";

  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent.trim());
    } catch {
      getSelection().selectAllChildren(code); /* ready for the keyboard */
      return;
    }
    button.textContent = said.value = copied;
    setTimeout(() => {
      button.textContent = copy;
      said.value = "";
    }, 3000);
  });
  delete code.dataset.copy; /* a page may ask for this module twice */
  code.after(button, said);
}
