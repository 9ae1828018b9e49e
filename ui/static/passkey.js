/* SPDX-License-Identifier: Apache-2.0 */
/* Passkeys in the browser: signing in by the address field's suggestions or by a button, the second
   step, a fresh proof, and making one. The server gives the options and judges the answer; what is
   said to people stands in the page already, hidden until it is true. */
const root = "/v1/auth/passkeys/";
const renewAfter = 9 * 60 * 1000; /* challenges live ten minutes */

/* Browsers that cannot read and write the JSON themselves. */
const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const encode = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const decodeIds = (list) => list?.map((one) => ({ ...one, id: decode(one.id) }));

const readOptions = (options, parse) => {
  if (PublicKeyCredential[parse]) return PublicKeyCredential[parse](options);
  const all = { ...options, challenge: decode(options.challenge) };
  if (options.user) all.user = { ...options.user, id: decode(options.user.id) };
  if (options.allowCredentials) all.allowCredentials = decodeIds(options.allowCredentials);
  if (options.excludeCredentials) all.excludeCredentials = decodeIds(options.excludeCredentials);
  return all;
};

const writeAnswer = (credential) => {
  const { response } = credential;
  const parts = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (response[name]) parts[name] = encode(response[name]);
  if (response.getTransports) parts.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    response: parts,
    clientExtensionResults: credential.getClientExtensionResults(),
    ...(credential.authenticatorAttachment && { authenticatorAttachment: credential.authenticatorAttachment }),
  };
};

class Refused extends Error {
  constructor(problem) {
    super(problem.code);
    this.code = problem.code;
  }
}

const post = async (box, path, members) => {
  const headers = { "Content-Type": "application/json" };
  const csrf = box.querySelector("[name=csrf]");
  if (csrf) headers["X-CSRF-Token"] = csrf.value;
  const reply = await fetch(root + path, { method: "POST", headers, body: JSON.stringify(members) });
  if (reply.ok) return reply.json();
  throw new Refused(await reply.json());
};

/* Only ever to a page of ours. */
const leave = (next) => {
  const to = new URL(next || "/", location.href);
  location.assign(to.origin === location.origin ? to : "/");
};

/* --- what is said --- */
const words = {
  passkey_refused: "refused", challenge_expired: "expired", rate_limited: "many", passkey_known: "known",
  too_many_passkeys: "full", passkey_unusable: "unusable", fields_invalid: "name",
};
const doors = {
  sign_in_expired: "/login", unauthenticated: "/login", session_moved: "/login",
  insufficient_user_authentication: "/reauth",
};

const say = (box, word) => {
  const all = [...box.querySelectorAll("[data-says]")];
  const known = all.some((one) => one.dataset.says === word);
  for (const one of all) one.hidden = one.dataset.says !== (known ? word : word && "failed");
};

const explain = (box, error) => {
  const door = doors[error.code];
  const next = box.dataset.passkey === "second_step" ? box.dataset.next : location.pathname;
  if (door) return leave(next ? `${door}?next=${encodeURIComponent(next)}` : door);
  if (error.name === "NotAllowedError") return say(box, "cancelled");
  if (error.name === "InvalidStateError") return say(box, "known");
  return say(box, words[error.code] ?? "failed");
};

/* --- signing in, the second step, a fresh proof --- */
const wishes = { sign_in: {}, second_step: { second_step: true }, reauth: { reauth: true } };
let asking = null; /* one question at a time: a new one withdraws the last */

const prove = async (box, mediation) => {
  asking?.abort();
  const mine = (asking = new AbortController());
  const options = await post(box, "login/begin", wishes[box.dataset.passkey]);
  if (mine.signal.aborted) return;
  const publicKey = readOptions(options, "parseRequestOptionsFromJSON");
  const credential = await navigator.credentials.get({ publicKey, mediation, signal: mine.signal });
  const answer = writeAnswer(credential);
  if (box.dataset.passkey !== "reauth") answer.cookie = true;
  if (document.querySelector("[name=remember_device]")?.checked) answer.remember_device = true;
  await post(box, "login/finish", answer);
  leave(box.dataset.next);
};

/* Passkeys among the suggestions of the address field. Nobody asked for anything yet, so only what
   came of a chosen one is said. */
const offer = async (box) => {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  const timer = setTimeout(() => offer(box), renewAfter);
  try {
    await prove(box, "conditional");
  } catch (error) {
    const isChosen = ["passkey_refused", "challenge_expired"].includes(error.code);
    if (isChosen) explain(box, error);
    if (error.code === "challenge_expired") offer(box); /* the machine slept: ask anew */
  } finally {
    clearTimeout(timer);
  }
};

/* --- making one --- */
const register = async (box) => {
  const name = box.elements.name.value.trim();
  const members = name ? { name } : {};
  const options = await post(box, "register/begin", members);
  const publicKey = readOptions(options, "parseCreationOptionsFromJSON");
  const credential = await navigator.credentials.create({ publicKey });
  await post(box, "register/finish", { ...writeAnswer(credential), ...members });
  leave(box.dataset.next);
};

const press = async (box, button) => {
  say(box, null);
  button.disabled = true;
  try {
    await (box.dataset.passkey === "register" ? register(box) : prove(box));
  } catch (error) {
    if (error.name !== "AbortError") explain(box, error);
    if (box.dataset.passkey === "sign_in") offer(box);
  } finally {
    button.disabled = false;
  }
};

/* Password managers learn which passkeys are still good (WebAuthn level 3, 5.1.10). */
const tell = ({ rp, user, known }) =>
  PublicKeyCredential.signalAllAcceptedCredentials?.({
    rpId: rp, userId: user, allAcceptedCredentialIds: known.split(" ").filter(Boolean),
  }).catch(() => {});

for (const box of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) {
    box.classList.add("unsupported");
    continue;
  }
  if (box.dataset.passkey === "list") {
    tell(box.dataset);
    continue;
  }
  const button = box.querySelector("button");
  const isForm = box.dataset.passkey === "register";
  (isForm ? box : button).addEventListener(isForm ? "submit" : "click", (event) => {
    event.preventDefault();
    press(box, button);
  });
  if (box.dataset.passkey === "sign_in") offer(box);
}
