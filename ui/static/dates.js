/* SPDX-License-Identifier: Apache-2.0 */
/* Shows times in the reader's time zone. Without it the server's text stays, which is in UTC. */
const format = new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
  dateStyle: "medium",
  timeStyle: "short",
  numberingSystem: "latn", // as in all our texts, also where a language has digits of its own
});

for (const time of document.querySelectorAll("time[datetime]")) {
  const date = new Date(time.dateTime);
  if (Number.isNaN(date.getTime())) continue;
  time.title = time.textContent;
  time.textContent = format.format(date);
}
