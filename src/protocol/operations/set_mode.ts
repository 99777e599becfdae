/**
 * The operation `set_mode`: change what a host allows, within the limit that its owner set.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { Mode } from "../mode.ts";

export const setMode = defineOperation({
  title: "Change the safety mode of a machine",
  description:
    "Changes what a machine allows: disabled (nothing but get_info), plan (reading), edit (writing and commands), bypass. " +
    "Lowering it is always possible. It can be raised only up to the machine's ceiling (maxMode in get_info), which the " +
    "machine's owner set and no call can move. Change the mode only if the user asked for it: a refusal elsewhere is no " +
    "reason to. After disabled, only the machine's own console can change it again.",
  access: "manage",
  hints: { readOnly: false, destructive: false, idempotent: true, openWorld: false },
  params: z.strictObject({
    mode: Mode.describe("The mode that the user asked for"),
    for_minutes: z.number().positive().max(527_040).optional().describe(
      "Minutes after which the machine falls back to the mode before; without it, until it is changed again",
    ),
  }),
  result: z.object({
    mode: Mode.describe("The mode in force now"),
    previous: Mode.describe("The mode before"),
    maxMode: Mode.describe("Up to where requests may raise it"),
    until: z.string().optional().describe("When it falls back, ISO 8601; absent if it lasts"),
    fallback: Mode.optional().describe("What it falls back to; absent if it lasts"),
  }),
});
