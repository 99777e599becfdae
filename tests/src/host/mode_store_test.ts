import assert from "node:assert/strict";
import { createModeStore } from "../../../src/host/mode_store.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const CONSOLE = { lasting: { mode: "edit", at: 1, by: "the console" } } as const;
const REQUEST = { mode: "plan", at: 2, by: "somebody" } as const;
const NOTHING = { console: {}, request: undefined };

Deno.test("a mode that one process writes is what another reads next", async () => {
  await using temporary = await temporaryFolder();
  const [one, other] = [createModeStore(temporary.folder), createModeStore(temporary.folder)];
  assert.deepEqual(other.read(), NOTHING);
  await one.writeConsole(CONSOLE);
  await one.writeRequest(REQUEST);
  assert.deepEqual(other.read(), { console: CONSOLE, request: REQUEST });
  await one.writeConsole({});
  assert.deepEqual(other.read(), NOTHING);
});

for (const text of ["", "{", '{"lasting":{"mode":"all","at":1,"by":"x"}}', '{"more":1}', "null"]) {
  Deno.test(`read() takes a console's file that holds ${JSON.stringify(text)} for plan mode until it is replaced`, async () => {
    await using temporary = await temporaryFolder();
    await Deno.writeTextFile(`${temporary.folder}/mode.json`, text);
    const store = createModeStore(temporary.folder);
    assert.equal(store.read().console.lasting?.mode, "plan");
    await store.writeConsole(CONSOLE);
    assert.deepEqual(store.read().console, CONSOLE);
  });

  Deno.test(`read() takes a request's file that holds ${JSON.stringify(text)} for none`, async () => {
    await using temporary = await temporaryFolder();
    await Deno.writeTextFile(`${temporary.folder}/mode_request.json`, text);
    assert.deepEqual(createModeStore(temporary.folder).read(), NOTHING);
  });
}
