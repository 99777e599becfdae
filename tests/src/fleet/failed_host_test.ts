import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { failedHost, type GivenUp } from "../../../src/fleet/failed_host.ts";
import type { HostOutcome } from "../../../src/fleet/run.ts";
import type { ErrorCode } from "../../../src/protocol/error_code.ts";
import { jobIdFor } from "./_runs.ts";

const ASKED: HostOutcome = { agent: { id: "a", name: "a" }, status: "running", startedAt: 1 };
const JOB: HostOutcome = { ...ASKED, job: jobIdFor("a"), result: { so: "far" } };

const CASES:
  readonly (readonly [string, HostOutcome, ErrorCode, GivenUp | undefined, string, RegExp | undefined])[] = [
    ["is refused", ASKED, "refused", undefined, "refused", /^why$/],
    ["lets nobody look at its job", JOB, "refused", undefined, "failed", /^why$/],
    ["is gone with its job", JOB, "peer_gone", undefined, "gone", /^why$/],
    ["is given up", ASKED, "cancelled", { reason: "by ada" }, "failed", /^The request was given up: by ada$/],
    ["is given up at the end of the process", ASKED, "cancelled", { reason: undefined }, "failed", /^why$/],
    ["has a job that is given up", JOB, "cancelled", { reason: "by ada" }, "running", undefined],
    [
      "has a job that is left to another process",
      JOB,
      "cancelled",
      { reason: undefined },
      "running",
      undefined,
    ],
  ];
for (const [what, host, code, givenUp, status, message] of CASES) {
  Deno.test(`failedHost() of a host that ${what} is ${status}`, () => {
    const failed = failedHost(host, new OperationError(code, "why"), { durationMs: 5, givenUp });
    assert.equal(failed.status, status);
    assert.equal(failed.result, host.result);
    if (message === undefined) assert.equal(failed.error, undefined);
    else {
      assert.match(failed.error?.message ?? "", message);
      assert.equal(failed.durationMs, 5);
    }
    assert.equal(failed.note !== undefined, status === "running" && givenUp?.reason !== undefined);
  });
}
