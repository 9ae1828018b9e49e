/* SPDX-License-Identifier: Apache-2.0 */
/* Solves the captcha of a form in a worker while somebody types, and holds the form back until it
   is solved. The hidden field begins with a ticket that counts once it is old enough: that is the
   way when the worker does not run. */
const guard = (box) => {
  const input = box.querySelector("input"), bar = box.querySelector("progress");
  const says = box.querySelector("[role=status]"), form = input.form, ticket = input.value;
  let { challenge, difficulty } = box.dataset, began = performance.now();
  let task, isReady = false, doing = box.dataset.provider ? "solve" : "working";

  /* Nothing is said before somebody waits for it. */
  const say = (what) => {
    says.textContent = says.dataset[what] ?? "";
    bar.hidden = what !== "working" && what !== "waiting";
  };
  const isOld = () => performance.now() - began > box.dataset.seconds * 900;
  const renew = async () => {
    const reply = await fetch(`/v1/auth/challenge?action=${box.dataset.action}`);
    if (!reply.ok) throw new Error(reply.status);
    ({ challenge, difficulty } = await reply.json());
    began = performance.now();
  };
  const solve = () => new Promise((done, failed) => {
    const worker = new Worker("/static/captcha_worker.js");
    worker.onerror = failed;
    worker.onmessage = ({ data: { tries, answer } }) => {
      if (!answer) return void (bar.value = 1 - Math.exp(-tries / 2 ** difficulty));
      worker.terminate();
      done(answer);
    };
    worker.postMessage({ challenge, difficulty: Number(difficulty) });
  });
  const wait = () => new Promise((done) => {
    const from = performance.now(), span = box.dataset.wait * 1000;
    doing = "waiting";
    if (form.dataset.held) say(doing);
    const timer = setInterval(() => {
      bar.value = (performance.now() - from) / span;
      if (bar.value < 1) return;
      clearInterval(timer);
      done(ticket);
    }, 250);
  });
  const prove = async () => {
    if (!box.dataset.provider) {
      if (isOld()) await renew();
      return solve();
    }
    const answer = await (await import("/static/captcha_provider.js")).solve(box, form);
    began = performance.now();
    return answer;
  };
  const work = async () => {
    try {
      input.value = await prove();
    } catch {
      input.value = await wait();
    }
    isReady = true;
  };
  const begin = () => (task ??= work());

  form.addEventListener("focusin", begin, { once: true });
  if (box.dataset.provider || form.contains(document.activeElement)) begin();
  form.addEventListener("submit", async (event) => {
    if (isReady && !isOld()) return;
    event.preventDefault();
    if (form.dataset.held) return;
    form.dataset.held = "yes";
    if (isReady) task = undefined;
    isReady = false;
    say(doing);
    await begin();
    say("done");
    delete form.dataset.held;
    form.requestSubmit(event.submitter);
  });
  /* Back from the next page: what was solved has been spent. */
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    task = undefined;
    isReady = false;
    began = -Infinity;
    say("");
  });
};

document.querySelectorAll(".captcha").forEach(guard);
