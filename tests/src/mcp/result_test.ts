import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { describeError, RESULT_TEXTS } from "../../../src/mcp/result.ts";
import { SAMPLE_PLATFORM } from "../../helpers/sample_card.ts";
import { infoResult } from "../../helpers/sample_results.ts";

const agent = { id: "a".repeat(20), name: "web" };
Deno.test("get_info's text tells the machine, its mode, and whether it runs nothing for others", () => {
  const info = infoResult({
    ...agent,
    user: "deploy",
    home: "/home/deploy",
    mode: "plan",
    accepts: false,
    version: "1.2.3",
    processors: 4,
    memory: { totalBytes: 8 * 2 ** 30, availableBytes: 2 ** 30 },
    disk: { path: "/home/deploy", totalBytes: 100 * 2 ** 30, availableBytes: 2 ** 30 },
    running: 3,
    queued: 5,
  });
  const text = RESULT_TEXTS.get_info(info, agent);
  for (
    const part of [
      /web \(a{20}\), mode plan, at most edit by request, runs nothing for others/,
      /Debian GNU\/Linux 12, linux 6\.1\.0, x86_64; shell \/bin\/sh/,
      /4 processors, load 0 0 0, 1\.0 GiB of 8\.0 GiB memory free, 1\.0 GiB of 100\.0 GiB free at \/home\/deploy/,
      /user deploy, home \/home\/deploy, remote-agent 1\.2\.3/,
      /3 requests running, 5 waiting, 0 jobs/,
      /^sandbox bubblewrap$/m,
    ]
  ) assert.match(text, part);
  const { distro: _, ...platform } = SAMPLE_PLATFORM;
  const other = RESULT_TEXTS.get_info({ ...info, accepts: true, platform }, agent);
  assert.doesNotMatch(other, /runs nothing/);
  assert.match(other, /^linux 6\.1\.0, x86_64; shell/m);
});

Deno.test("describeError() gives message, remedy, code and rule on one line", () => {
  assert.equal(describeError(new OperationError("busy", "Cannot do it")), "Cannot do it [busy]");
  assert.equal(
    describeError(new OperationError("refused", "Cannot do it", { remedy: "Ask the owner" })),
    "Cannot do it. Ask the owner [refused]",
  );
  assert.equal(
    describeError(new OperationError("refused", "Cannot do it", { remedy: "Ask", rule: "denied\n[ok]" })),
    "Cannot do it. Ask [refused: denied\\u{a}[ok]]",
  );
});
