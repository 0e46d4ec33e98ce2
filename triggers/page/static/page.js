"use strict";
/* Passkeys and the live part. Without this file the page still shows everything, and takes codes. */

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const listed = (found) => (found || []).map((one) => ({ ...one, id: bytes(one.id) }));

function told(error) {
  if (error.name === "NotAllowedError") return "No passkey was given: it was cancelled, took too long, or is not on this phone. Nothing was sent.";
  if (error.name === "InvalidStateError") return "This phone has a passkey for you already.";
  return `The passkey cannot be used here (${error.name}). Nothing was sent.`;
}

async function signed(options, challenge) {
  const given = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(challenge), allowCredentials: listed(options.allowCredentials) },
  });
  const answer = given.response;
  return {
    id: given.id, rawId: text(given.rawId), type: given.type,
    response: {
      clientDataJSON: text(answer.clientDataJSON), authenticatorData: text(answer.authenticatorData),
      signature: text(answer.signature), userHandle: answer.userHandle ? text(answer.userHandle) : null,
    },
  };
}

async function made(options) {
  const given = await navigator.credentials.create({
    publicKey: {
      ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: listed(options.excludeCredentials),
    },
  });
  return {
    id: given.id, rawId: text(given.rawId), type: given.type,
    response: { clientDataJSON: text(given.response.clientDataJSON), attestationObject: text(given.response.attestationObject) },
  };
}

for (const form of document.querySelectorAll("form[data-passkey], form[data-make]")) {
  form.addEventListener("submit", async (event) => {
    const button = event.submitter || form.querySelector("button");
    const code = form.elements.code;
    if (form.elements.passkey.value || (code && code.value)) return;
    event.preventDefault();
    const status = form.querySelector("[data-status]");
    if (!window.PublicKeyCredential) {
      status.textContent = "This browser knows no passkeys here. Nothing was sent.";
      return;
    }
    button.disabled = true;
    status.textContent = "Waiting for your passkey …";
    try {
      const found = form.dataset.make
        ? await made(JSON.parse(form.dataset.make))
        : await signed(JSON.parse(form.dataset.passkey), button.dataset.challenge);
      status.textContent = "Sending …";
      form.elements.passkey.value = JSON.stringify(found);
      button.disabled = false;
      form.requestSubmit(button);
    } catch (error) {
      status.textContent = told(error);
      button.disabled = false;
    }
  });
}

const live = document.querySelector("[data-live]");
if (live && window.EventSource) {
  const said = live.querySelector("[data-link]");
  const asked = document.querySelector("[data-asked]");
  const events = new EventSource(live.dataset.live);
  events.addEventListener("moving", (event) => {
    live.querySelector("[data-fragment]").innerHTML = event.data;
    said.textContent = "Live.";
  });
  events.addEventListener("asked", (event) => {
    if (!asked || event.data === asked.dataset.asked) return;
    asked.querySelector("[data-stale]").hidden = false;
    for (const button of asked.querySelectorAll("button")) button.disabled = true;
  });
  events.addEventListener("over", (event) => {
    said.textContent = event.data;
    events.close();
  });
  events.addEventListener("error", () => {
    said.textContent = "Not live: the connection broke. What you see may be old.";
  });
}
