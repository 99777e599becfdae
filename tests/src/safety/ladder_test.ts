import assert from "node:assert/strict";
import * as fc from "fast-check";
import { Mode } from "../../../src/protocol/mode.ts";
import {
  type ConsoleModes,
  type ModeChange,
  type ModeChanges,
  modeStatus,
  requestMode,
  setModeAtConsole,
} from "../../../src/safety/ladder.ts";
import { isAbove, lowerMode } from "../../../src/safety/mode_order.ts";

const START = { mode: "plan", maxMode: "edit" } as const;
const change = (mode: Mode, at: number, until?: number): ModeChange => ({
  mode,
  at,
  by: "somebody",
  ...(until === undefined ? {} : { until }),
});

/** Changes as the tables below write them. */
type Written = ConsoleModes & { readonly request?: ModeChange };
const changesOf = ({ request, ...console }: Written): ModeChanges => ({ console, request });

const cases: readonly (readonly [what: string, Written, now: number, expected: object])[] = [
  ["the start", {}, 5, { mode: "plan", ceiling: "edit", source: "start" }],
  ["a request", { request: change("edit", 1) }, 5, { mode: "edit", ceiling: "edit", source: "request" }],
  [
    "a request for a time",
    { request: change("edit", 1, 9) },
    5,
    { mode: "edit", ceiling: "edit", source: "request", until: 9, fallback: "plan" },
  ],
  ["a request whose time is over", { request: change("edit", 1, 9) }, 9, {
    mode: "plan",
    ceiling: "edit",
    source: "start",
  }],
  ["a request above the ceiling, of a process with another one", { request: change("bypass", 1) }, 5, {
    mode: "edit",
    ceiling: "edit",
    source: "request",
  }],
  ["the console", { lasting: change("disabled", 1) }, 5, {
    mode: "disabled",
    ceiling: "disabled",
    source: "console",
  }],
  ["the console above the settings", { lasting: change("bypass", 1) }, 5, {
    mode: "bypass",
    ceiling: "bypass",
    source: "console",
  }],
  ["the console for a time", { lasting: change("plan", 1), temporary: change("bypass", 2, 8) }, 5, {
    mode: "bypass",
    ceiling: "bypass",
    source: "console",
    until: 8,
    fallback: "plan",
  }],
  [
    "a request that outlives the console's time",
    {
      temporary: change("bypass", 2, 8),
      request: change("bypass", 3),
    },
    5,
    { mode: "bypass", ceiling: "bypass", source: "request", until: 8, fallback: "edit" },
  ],
];
for (const [what, changes, now, expected] of cases) {
  Deno.test(`modeStatus() tells the mode after ${what}`, () => {
    assert.deepEqual(modeStatus(START, changesOf(changes), now), expected);
  });
}

const requests: readonly (readonly [Written, Mode, "ok" | "mode-ceiling" | "mode-disabled"])[] = [
  [{}, "edit", "ok"],
  [{}, "bypass", "mode-ceiling"],
  [{}, "disabled", "ok"],
  [{ lasting: change("plan", 1) }, "edit", "mode-ceiling"],
  [{ lasting: change("bypass", 1) }, "bypass", "ok"],
  [{ lasting: change("disabled", 1) }, "plan", "mode-disabled"],
  [{ request: change("disabled", 1) }, "plan", "mode-disabled"],
  [{ temporary: change("bypass", 1, 5) }, "bypass", "mode-ceiling"],
];
for (const [changes, mode, expected] of requests) {
  Deno.test(`requestMode() answers ${expected} for ${mode} after ${JSON.stringify(changes)}`, () => {
    const outcome = requestMode(START, changesOf(changes), change(mode, 10));
    assert.equal(outcome.ok ? "ok" : outcome.rule, expected);
  });
}

Deno.test("setModeAtConsole() ends what requests have set, and a lasting mode ends one for a time", () => {
  const before = { lasting: change("plan", 1), temporary: change("edit", 2, 9) };
  assert.deepEqual(setModeAtConsole(before, change("bypass", 4, 8)), {
    lasting: before.lasting,
    temporary: change("bypass", 4, 8),
  });
  assert.deepEqual(setModeAtConsole(before, change("disabled", 4)), { lasting: change("disabled", 4) });
});

const modes = fc.constantFrom(...Mode.options);
const until = fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined });
const step = fc.record({
  by: fc.constantFrom("console" as const, "request" as const),
  mode: modes,
  wait: fc.nat(10),
  until,
});

Deno.test("no sequence of requests ever gives more than the settings or the console's last word", () => {
  fc.assert(fc.property(modes, modes, fc.array(step, { maxLength: 12 }), (mode, maxMode, steps) => {
    const settings = { mode, maxMode };
    const limitOf = (console: ModeChange[], now: number) =>
      console.filter(({ until }) => until === undefined || now < until).at(-1)?.mode;
    let changes: ModeChanges = changesOf({});
    let console: ModeChange[] = [];
    let now = 0;
    for (const { by, mode: wanted, wait, until } of steps) {
      now += wait;
      const made = change(wanted, now, until === undefined ? undefined : now + until);
      if (by === "console") {
        changes = { console: setModeAtConsole(changes.console, made), request: undefined };
        console = until === undefined ? [made] : [...console.filter((old) => old.until === undefined), made];
      } else {
        const outcome = requestMode(settings, changes, made);
        if (outcome.ok) changes = { ...changes, request: made };
      }
      const limit = limitOf(console, now) ?? (isAbove(maxMode, mode) ? maxMode : mode);
      assert.equal(isAbove(modeStatus(settings, changes, now).mode, limit), false);
    }
  }));
});

Deno.test("a request can always lower the mode, but on a disabled host", () => {
  fc.assert(fc.property(modes, modes, (mode, wanted) => {
    const outcome = requestMode(
      { mode, maxMode: "disabled" },
      changesOf({}),
      change(lowerMode(mode, wanted), 1),
    );
    assert.equal(outcome.ok, mode !== "disabled");
  }));
});
