/**
 * The table of all programs that plan mode knows.
 */
import { GIT } from "../git_policy.ts";
import { AWK } from "./awk.ts";
import { CONTAINERS } from "./containers.ts";
import { FIND } from "./find.ts";
import { HARMLESS } from "./harmless.ts";
import { MACOS } from "./macos.ts";
import { NETWORK } from "./network.ts";
import { PACKAGES, VERSIONS } from "./packages.ts";
import type { Os, ProgramRule } from "./program.ts";
import { SEARCH } from "./search.ts";
import { SED } from "./sed.ts";
import { SHELL_BUILTINS } from "./shell_builtins.ts";
import { SYSTEM } from "./system.ts";
import { TEXT } from "./text.ts";
import { WRAPPERS } from "./wrappers.ts";

/** All entries. A call is known if one of the entries for its program knows it. */
export const PROGRAMS: readonly ProgramRule[] = [
  ...HARMLESS,
  ...SHELL_BUILTINS,
  ...FIND,
  ...SEARCH,
  ...TEXT,
  ...AWK,
  ...SED,
  ...WRAPPERS,
  ...GIT,
  ...SYSTEM,
  ...NETWORK,
  ...CONTAINERS,
  ...PACKAGES,
  ...MACOS,
  ...VERSIONS,
];

/** The entries for a program on a system; none if it is not known there. */
export function rulesFor(program: string, os: Os): readonly ProgramRule[] {
  return PROGRAMS.filter((rule) =>
    rule.names.includes(program) && (rule.os ?? ["linux", "macos"]).includes(os)
  );
}
