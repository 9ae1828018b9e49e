/* SPDX-License-Identifier: Apache-2.0 */
/* Offers the time zones that the browser knows, its own first. Without it the field takes a name. */
const list = document.getElementById("zones");
const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const all = Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [];

for (const name of new Set([own, ...all])) {
  if (!name) continue;
  const option = document.createElement("option");
  option.value = name;
  list.append(option);
}
