import assert from "node:assert/strict";
import { ANOMALIES, createAnomalies } from "../../../src/peer/anomalies.ts";

Deno.test("count() counts each kind by itself and reports the count so far", () => {
  const reports: unknown[] = [];
  const anomalies = createAnomalies((kind, info) => reports.push([kind, info.count, info.detail]));
  anomalies.count("bad_frame", "why");
  anomalies.count("bad_record");
  anomalies.count("bad_frame");
  assert.deepEqual(reports, [["bad_frame", 1, "why"], ["bad_record", 1, undefined], [
    "bad_frame",
    2,
    undefined,
  ]]);
});

Deno.test("snapshot() holds only what happened, and does not change later", () => {
  const anomalies = createAnomalies();
  assert.deepEqual(anomalies.snapshot(), {});
  anomalies.count("bad_card");
  const before = anomalies.snapshot();
  anomalies.count("bad_card");
  assert.deepEqual(before, { bad_card: 1 });
  assert.deepEqual(anomalies.snapshot(), { bad_card: 2 });
});

Deno.test("ANOMALIES explains every kind in words of its own", () => {
  const texts = Object.values(ANOMALIES);
  assert.equal(new Set(texts).size, texts.length);
});
