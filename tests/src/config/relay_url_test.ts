import assert from "node:assert/strict";
import { relayUrlProblem, showableUrl } from "../../../src/config/relay_url.ts";

for (
  const url of [
    "ws://127.0.0.1:8080",
    "wss://relay.example.com",
    "wss://relay.example.com/behind/a/path",
    "ws://[::1]:8080/",
    "WSS://relay.example.com",
  ]
) {
  Deno.test(`relayUrlProblem() accepts "${url}"`, () => assert.equal(relayUrlProblem(url), undefined));
}

const NOT_WS = "is not a ws:// or wss:// URL";
const problems: readonly (readonly [string, string])[] = [
  ["https://relay.example.com", `${NOT_WS}: use "wss://relay.example.com"`],
  ["http://127.0.0.1:8080/x", `${NOT_WS}: use "ws://127.0.0.1:8080/x"`],
  ["relay.example.com", `${NOT_WS}: use "wss://relay.example.com"`],
  ["localhost:8080", `${NOT_WS}: use "ws://localhost:8080"`],
  ["https://user:secret@relay.example.com?token=secret", `${NOT_WS}: use "wss://relay.example.com"`],
  ["ftp://relay.example.com", NOT_WS],
  ["", NOT_WS],
  ["not a url", NOT_WS],
  ["wss://", "is not a valid URL"],
  ["wss://a b", "is not a valid URL"],
  ["wss://relay.example.com:99999", "is not a valid URL"],
  ["wss://user:secret@relay", "must not carry a user name or password: a relay needs none"],
  ["wss://relay?token=secret", 'must end before any "?" or "#": a relay is told nothing in its URL'],
  ["wss://relay#", 'must end before any "?" or "#": a relay is told nothing in its URL'],
];
for (const [url, expected] of problems) {
  Deno.test(`relayUrlProblem() explains "${url}"`, () => assert.equal(relayUrlProblem(url), expected));
}

const shown: readonly (readonly [string, string])[] = [
  ["wss://user:secret@relay/x?token=secret#secret", "wss://relay/x"],
  ["user:secret@relay", "relay"],
  ["wss://a:secret@b@relay", "wss://relay"],
  [`wss://${"x".repeat(300)}`, `wss://${"x".repeat(194)}…`],
];
for (const [url, expected] of shown) {
  Deno.test(`showableUrl() shows "${expected.slice(0, 30)}" of a URL`, () =>
    assert.equal(showableUrl(url), expected));
}
