import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { createModes, type Modes } from "../../../src/executors/modes.ts";
import { createModeStore, type ModeStore } from "../../../src/host/mode_store.ts";
import type { ModeStatus } from "../../../src/safety/ladder.ts";
import { useFakeClock } from "../../helpers/fake_clock.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const SETTINGS = { mode: "plan", maxMode: "edit" } as const;
const at = (mode: "edit" | "plan" | "disabled", now: number) => ({ mode, at: now, by: "the console" });

/** Two processes of one host, with the clock that they share. */
async function host(
  run: (host: {
    readonly store: ModeStore;
    readonly one: Modes;
    readonly other: Modes;
    readonly told: ModeStatus[];
    readonly clock: ReturnType<typeof useFakeClock>;
  }) => Promise<void>,
): Promise<void> {
  await using temporary = await temporaryFolder();
  using clock = useFakeClock();
  const store = createModeStore(temporary.folder);
  const told: ModeStatus[] = [];
  const shared = { settings: SETTINGS, store: createModeStore(temporary.folder), now: clock.now };
  using one = createModes(shared);
  using other = createModes({ ...shared, store, onChange: (status) => told.push(status) });
  await run({ store, one, other, told, clock });
}

const asks = (mode: "edit" | "plan" | "disabled" | "bypass", forMs?: number) => ({
  mode,
  forMs,
  by: "a model",
});

Deno.test("a change in one process holds in the other at once, and is told soon", () =>
  host(async ({ one, other, told, clock }) => {
    await one.request(asks("edit"));
    assert.equal(other.status.mode, "edit");
    await clock.advance(500);
    assert.deepEqual(told.map(({ mode }) => mode), ["edit"]);
  }));

Deno.test("a mode for a time falls back by itself, and that is told as well", () =>
  host(async ({ one, other, told, clock }) => {
    const status = await one.request(asks("edit", 60_000));
    assert.equal(status.fallback, "plan");
    await clock.advance(60_500);
    assert.equal(other.status.mode, "plan");
    assert.deepEqual(told.map(({ mode }) => mode), ["edit", "plan"]);
  }));

Deno.test("request() refuses what is above the ceiling, and says who can do it", () =>
  host(async ({ one, store, clock }) => {
    for (
      const [mode, pattern] of [["bypass", /up to "edit" only/], ["edit", /the host is disabled/]] as const
    ) {
      await assert.rejects(one.request(asks(mode)), (error) => {
        assert.ok(error instanceof OperationError);
        assert.equal(error.code, "refused");
        assert.match(error.message, pattern);
        assert.match(error.remedy ?? "", /Only the host's owner can allow it, at that machine's console/);
        return true;
      });
      await store.writeConsole({ lasting: at("disabled", clock.now()) });
    }
    await store.writeConsole({});
    assert.equal(one.status.mode, "plan");
  }));

Deno.test("a request that was decided while the console spoke never takes the console's word back", () =>
  host(async ({ one, store, clock }) => {
    const asked = one.request(asks("edit"));
    await store.writeConsole({ lasting: at("disabled", clock.now() + 1) });
    await asked;
    assert.equal(one.status.mode, "disabled");
  }));
