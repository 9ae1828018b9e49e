/* SPDX-License-Identifier: Apache-2.0 */
/* The widget of a captcha provider, loaded only where one is set. Gives its answer; fails when its
   script does not come, and the form's waiting ticket takes over. */
const patience = 15000;
const names = { turnstile: "turnstile", hcaptcha: "hcaptcha", recaptcha: "grecaptcha" };
const theirs = ["cf-turnstile-response", "h-captcha-response", "g-recaptcha-response"];
const scripts = {};

const load = (url) => (scripts[url] ??= new Promise((done, failed) => {
  const script = document.createElement("script");
  script.src = url;
  script.onload = done;
  script.onerror = failed;
  setTimeout(failed, patience);
  document.head.append(script);
}));

const ready = (api) => (api.ready ? new Promise((done) => api.ready(done)) : undefined);

/* The widget's own fields are none of the form's. */
const drop = ({ formData }) => theirs.forEach((name) => formData.delete(name));

export const solve = async (box, form) => {
  const { provider, key, script, providerAction: action, invisible } = box.dataset;
  await load(script);
  const api = window[names[provider]];
  await ready(api);
  form.addEventListener("formdata", drop);
  if (invisible) return api.execute(key, { action });
  return new Promise((done, failed) => {
    box.done = done;
    if (box.widget !== undefined) return api.reset(box.widget);
    box.widget = api.render(box.querySelector(".widget"), {
      sitekey: key, action, "response-field": false,
      theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
      size: provider === "turnstile" ? "flexible" : innerWidth < 360 ? "compact" : "normal",
      callback: (answer) => box.done(answer),
      "expired-callback": () => api.reset(box.widget),
      "error-callback": () => failed(new Error(provider)),
    });
  });
};
