import assert from "node:assert/strict";
import type { AuditOutcome, AuditRequest } from "../../../src/audit/record.ts";
import { OperationError } from "../../../src/errors.ts";
import { type Allowed, recorded } from "../../../src/executors/recorded.ts";
import type { OperationName } from "../../../src/protocol/operation.ts";
import { callContext } from "../../helpers/call_context.ts";
import { CALLER } from "../../helpers/local_host.ts";
import { execResult } from "../../helpers/sample_results.ts";

/** Carries an operation out with a log that remembers, and tells what was recorded and whether it ran. */
async function carryOut(
  name: OperationName,
  { decided, run, begin }: {
    readonly decided?: () => Promise<Allowed>;
    readonly run?: () => Promise<unknown>;
    readonly begin?: () => Promise<void>;
  } = {},
) {
  const log: string[] = [];
  let places = 0;
  const write = (event: string, request: AuditRequest | undefined, outcome?: AuditOutcome) => {
    const { outcome: word = "-", exitCode = "-", bytesOut = "-", jobId = "-" } = outcome ?? {};
    const decision = request === undefined ? "" : ` ${request.decision} ${request.rule}`;
    log.push(`${event}${decision} ${word} ${exitCode} ${bytesOut} ${jobId}`);
  };
  const place = { [Symbol.dispose]: () => void places-- };
  const outcome = await recorded({
    audit: {
      async begin(request) {
        await begin?.();
        write("begin", request);
        return (ended) => write("end", undefined, ended);
      },
      call: (request, ended) => write("call", request, ended),
    },
    request: { caller: CALLER, operation: name, params: {}, mode: "edit" },
    decided: decided ?? (() => {
      places++;
      return Promise.resolve({ name, checked: {}, permit: callContext().permit, place });
    }),
  }, () => {
    log.push("ran");
    return run?.() ?? Promise.resolve(execResult());
  }).then(() => "ok", (error: unknown) => OperationError.from(error).code);
  assert.equal(places, 0);
  return { log, outcome };
}

Deno.test("recorded() writes before and after what may change something", async () => {
  assert.deepEqual(await carryOut("exec"), {
    log: ["begin allow mode-edit - - - -", "ran", "end ok 0 0 j_abcdefghij2345672345"],
    outcome: "ok",
  });
});

Deno.test("recorded() knows no exit code of a command that has become a job", async () => {
  const run = () => Promise.resolve(execResult({ status: "running", exitCode: null }));
  assert.deepEqual((await carryOut("exec", { run })).log.at(-1), "end ok - 0 j_abcdefghij2345672345");
});

Deno.test("recorded() writes once for what reads, with the size of its answer", async () => {
  const run = () => Promise.resolve({ a: "b" });
  assert.deepEqual(await carryOut("read_file", { run }), {
    log: ["ran", "call allow mode-edit ok - 9 -"],
    outcome: "ok",
  });
});

Deno.test("recorded() does not begin what may change something if it cannot be recorded", async () => {
  const begin = () => Promise.reject(new OperationError("cannot_run", "Cannot write the audit log"));
  assert.deepEqual(await carryOut("write_file", { begin }), { log: [], outcome: "cannot_run" });
});

Deno.test("recorded() tells how what failed has failed", async () => {
  const run = () => Promise.reject(new OperationError("timed_out", "Too slow"));
  assert.deepEqual(await carryOut("exec", { run }), {
    log: ["begin allow mode-edit - - - -", "ran", "end timed_out - - -"],
    outcome: "timed_out",
  });
});

for (
  const [rule, error] of [
    ["mode-disabled", new OperationError("refused", "No", { rule: "mode-disabled" })],
    ["busy", new OperationError("busy", "Full")],
  ] as const
) {
  Deno.test(`recorded() writes a refusal by ${rule} and runs nothing`, async () => {
    const decided = () => Promise.reject(error);
    assert.deepEqual(await carryOut("exec", { decided }), {
      log: [`call refuse ${rule} ${error.code} - - -`],
      outcome: error.code,
    });
  });
}

Deno.test("recorded() raises the mode only if that can be recorded, and lowers it in any case", async () => {
  const begin = () => Promise.reject(new OperationError("cannot_run", "Cannot write the audit log"));
  const run = () => Promise.resolve({});
  for (const [mode, outcome] of [["bypass", "cannot_run"], ["edit", "ok"], ["plan", "ok"]] as const) {
    const decided = () =>
      Promise.resolve(
        { name: "set_mode", checked: { mode }, permit: callContext().permit, place: undefined } as const,
      );
    assert.equal((await carryOut("set_mode", { decided, begin, run })).outcome, outcome, mode);
  }
});
