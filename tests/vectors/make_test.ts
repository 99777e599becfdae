import assert from "node:assert/strict";
import { readProjectText } from "../helpers/project_files.ts";
import { makeVectors } from "./make.ts";

for (const [name, content] of Object.entries(makeVectors())) {
  Deno.test(`makeVectors() makes tests/vectors/${name} as it stands`, async () => {
    assert.deepEqual(JSON.parse(await readProjectText(`tests/vectors/${name}`)), content);
  });
}
