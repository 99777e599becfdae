import assert from "node:assert/strict";
import { type FigureName, FIGURES, runScale } from "../scale/run_scale.ts";

Deno.test("a fleet of 60 hosts in 2 processes answers to the last one, also after its relay was killed", async () => {
  const noted: FigureName[] = [];
  // It throws where a host is not accounted for; times are the benchmark's concern.
  await runScale({ hosts: 60, processes: 2, warmRounds: 1, onFigure: (name) => void noted.push(name) });
  assert.deepEqual(noted, Object.keys(FIGURES));
});
