import assert from "node:assert/strict";
import { ARCHITECTURES } from "../../../../src/host/sandbox/system_calls.ts";

/** The kernel's own tables, as its headers give them; aarch64 has the generic one. */
const HEADERS: Readonly<Record<string, string>> = {
  x86_64: "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
  aarch64: "/usr/include/asm-generic/unistd.h",
};

for (const [architecture, { calls }] of Object.entries(ARCHITECTURES)) {
  const header = await Deno.readTextFile(HEADERS[architecture] ?? "").catch(() => undefined);
  const ignore = header === undefined;
  Deno.test(
    `ARCHITECTURES has the kernel's numbers for ${architecture}${ignore ? " (skipped: no headers)" : ""}`,
    { ignore },
    () => {
      for (const [name, number] of Object.entries(calls)) {
        const found = new RegExp(`^#define\\s+__NR_${name}\\s+(\\d+)`, "m").exec(header ?? "");
        assert.equal(Number(found?.[1]), number, name);
      }
    },
  );
}

Deno.test("ARCHITECTURES has no number twice", () => {
  for (const { calls } of Object.values(ARCHITECTURES)) {
    const numbers = Object.values(calls);
    assert.equal(new Set(numbers).size, numbers.length);
  }
});
