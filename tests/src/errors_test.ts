import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError, OperationError } from "../../src/errors.ts";
import { ERROR_CODES, ErrorCode, WireError } from "../../src/protocol/error_code.ts";

const code = fc.constantFrom(...ErrorCode.options);

Deno.test("OperationError.fromWire() of toWire() keeps code, message, remedy and rule", () => {
  fc.assert(
    fc.property(
      code,
      fc.string({ maxLength: 8192 }),
      fc.option(fc.string({ maxLength: 2048 }), { nil: undefined }),
      fc.option(fc.string({ maxLength: 128 }), { nil: undefined }),
      (code, message, remedy, rule) => {
        const error = new OperationError(code, message, {
          ...(remedy === undefined ? {} : { remedy }),
          ...(rule === undefined ? {} : { rule }),
        });
        const read = OperationError.fromWire(WireError.parse(JSON.parse(JSON.stringify(error.toWire()))));
        assert.deepEqual([read.code, read.message, read.remedy, read.rule], [code, message, remedy, rule]);
      },
    ),
  );
});

Deno.test("OperationError.toWire() cuts what a peer would refuse as too long", () => {
  const error = new OperationError("internal", "m".repeat(100_000), {
    remedy: "r".repeat(100_000),
    rule: "n".repeat(100_000),
  });
  const wire = WireError.parse(error.toWire());
  assert.deepEqual([wire.message.length, wire.remedy?.length, wire.rule?.length], [8192, 2048, 128]);
});

Deno.test("OperationError.toWire() has no remedy and no rule, not undefined ones, if there are none", () => {
  assert.deepEqual(Object.keys(new OperationError("busy", "Cannot").toWire()), ["code", "message"]);
});

Deno.test("OperationError.toWire() sends neither the cause nor the stack", () => {
  const error = new OperationError("cannot_run", "Cannot start", { cause: new Error("/home/ada/secret") });
  const text = JSON.stringify(error.toWire());
  assert.ok(!text.includes("secret") && !text.includes("errors_test"));
});

Deno.test("OperationError.from() returns one of ours as it is", () => {
  const error = new OperationError("refused", "Cannot");
  assert.equal(OperationError.from(error), error);
});

const thrown: readonly (readonly [string, unknown, string])[] = [
  ["an error", new TypeError("x is not a function"), "x is not a function"],
  ["a ConfigError", new ConfigError("Cannot read y"), "Cannot read y"],
  ["a text", "broken", "broken"],
  ["nothing", undefined, "undefined"],
  ["an object without a prototype", Object.create(null, { toString: { value: () => "bare" } }), "bare"],
];
for (const [what, value, shown] of thrown) {
  Deno.test(`OperationError.from() turns ${what} into "internal" and keeps it as the cause`, () => {
    const error = OperationError.from(value);
    assert.equal(error.code, "internal");
    assert.equal(error.message, `Cannot complete the request: ${shown}`);
    assert.equal(error.cause, value);
  });
}

Deno.test("OperationError has no cause property unless one was given", () => {
  assert.equal(Object.hasOwn(new OperationError("busy", "Cannot"), "cause"), false);
});

Deno.test("ConfigError and OperationError tell their names, and are not each other", () => {
  const config: Error = new ConfigError("Cannot");
  const operation: Error = new OperationError("busy", "Cannot");
  assert.deepEqual([config.name, operation.name], ["ConfigError", "OperationError"]);
  assert.ok(!(config instanceof OperationError) && !(operation instanceof ConfigError));
});

Deno.test("WireError refuses a code that is not in the table", () => {
  assert.equal(WireError.safeParse({ code: "toString", message: "" }).success, false);
  for (const name of Object.keys(ERROR_CODES)) {
    assert.equal(WireError.safeParse({ code: name, message: "" }).success, true);
  }
});
