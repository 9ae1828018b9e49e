/* SPDX-License-Identifier: Apache-2.0 */
/* Puts events under the reader's own days: the server groups them by days in UTC. */
const language = document.documentElement.lang || undefined;
const dayFormat = new Intl.DateTimeFormat(language, { dateStyle: "full", numberingSystem: "latn" });
const timeFormat = new Intl.DateTimeFormat(language, { timeStyle: "short", numberingSystem: "latn" });
const timeline = document.querySelector(".timeline");
const sections = [...timeline.querySelectorAll(".day")];
const days = new Map();

for (const item of timeline.querySelectorAll(".event")) {
  const time = item.querySelector("time[datetime]");
  const date = new Date(time.dateTime);
  const day = dayFormat.format(date);
  time.title = time.textContent;
  time.textContent = timeFormat.format(date);
  days.set(day, [...(days.get(day) ?? []), item]);
}

for (const [day, items] of days) {
  const section = sections[0].cloneNode(true);
  section.querySelector("h2").textContent = day;
  section.querySelector(".rows").replaceChildren(...items);
  timeline.append(section);
}
for (const section of sections) section.remove();
