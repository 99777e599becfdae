import assert from "node:assert/strict";
import { Grant } from "../../../src/safety/grants.ts";

Deno.test("Grant names exactly what can be granted", () => {
  assert.deepEqual(Grant.options, ["host-processes", "unix-sockets", "network"]);
});
