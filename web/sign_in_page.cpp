#include "web/sign_in_page.hpp"

#include "web/service_routes.hpp"

namespace grid::web {

namespace {

constexpr std::string_view kBody =
    "<p>This application is private. Its owner opens it with the wallet that ordered it.</p>"
    "<p><button id=\"sign-in\" hidden>Sign in with your wallet</button></p>"
    "<p id=\"state\" role=\"status\">Looking for your session …</p>"
    "<noscript><p>This page needs JavaScript. On the command line: <code>grid app open</code>.</p></noscript>"
    "<script src=\"/open.js\" defer></script>";

constexpr std::string_view kScript = R"js("use strict";
// Opens the application whose host label stands in ?app=, after a sign-in with the wallet when there is no session.
const label = new URLSearchParams(location.search).get("app") || "";
const button = document.getElementById("sign-in");
const state = document.getElementById("state");

async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(said.detail || answer.statusText), { status: answer.status });
  return said;
}

async function open() {
  const { apps } = await call("GET", "/v1/apps");
  const app = apps.find((one) => one.url && new URL(one.url).hostname.startsWith(label + "."));
  if (!app) throw new Error("Your wallet has no application of this name here.");
  const path = `/v1/apps/${encodeURIComponent(app.name)}/open?lease_key=${app.lease_key}`;
  const { url } = await call("POST", path);
  state.textContent = "Opening …";
  location.replace(url);
}

async function signIn() {
  const [address] = await window.ethereum.request({ method: "eth_requestAccounts" });
  const challenge = await call("POST", "/v1/session/challenge", { address });
  const bytes = new TextEncoder().encode(challenge.siwe_message);
  const text = "0x" + Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  const signature = await window.ethereum.request({ method: "personal_sign", params: [text, address] });
  await call("POST", "/v1/session", { address, message: challenge.siwe_message, signature });
  await open();
}

function ask(why) {
  if (!window.ethereum) {
    state.textContent = "No wallet was found in this browser. On the command line: grid app open.";
    return;
  }
  state.textContent = why;
  button.hidden = false;
}

button.addEventListener("click", () => {
  button.disabled = true;
  state.textContent = "Waiting for the wallet …";
  signIn()
    .catch((error) => ask(error.message))
    .finally(() => { button.disabled = false; });
});
open().catch((error) => ask(error.status === 401 ? "" : error.message));
)js";

}  // namespace

ApiReply sign_in_page() {
    auto page = html_page("A private application", kBody);
    for (auto& [name, value] : page.headers) {
        if (name == "Content-Security-Policy") value += "; script-src 'self'; connect-src 'self'";
    }
    return page;
}

ApiReply sign_in_script() {
    return {200, {{"Content-Type", "text/javascript; charset=utf-8"}}, std::string(kScript)};
}

}  // namespace grid::web
