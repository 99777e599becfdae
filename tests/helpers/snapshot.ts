/**
 * Snapshots: texts that users and clients depend on, kept as plain files in `tests/contract/__snapshots__`, so that a
 * change of them is seen in review. UPDATE_SNAPSHOTS=1 writes them anew.
 */
import assert from "node:assert/strict";
import { PROJECT_ROOT } from "./project_files.ts";

const FOLDER = "tests/contract/__snapshots__";

/**
 * Compares a text with the file of that name.
 *
 * @throws {AssertionError} If they differ, or there is no such file.
 */
export async function assertSnapshot(name: string, text: string): Promise<void> {
  const path = `${PROJECT_ROOT}${FOLDER}/${name}`;
  if (Deno.env.get("UPDATE_SNAPSHOTS") === "1") {
    await Deno.writeTextFile(path, text);
    return;
  }
  const remedy =
    "If the change is meant, write it with UPDATE_SNAPSHOTS=1, and look at the difference before you commit";
  const expected = await Deno.readTextFile(path).catch((cause: unknown) => {
    throw new Error(`Cannot compare with ${FOLDER}/${name}. ${remedy}`, { cause });
  });
  assert.equal(text, expected, `${FOLDER}/${name} differs. ${remedy}.\n${firstDifference(text, expected)}`);
}

/** The names of all snapshots, so that one which nothing compares with is noticed. */
export async function snapshotNames(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(`${PROJECT_ROOT}${FOLDER}`)) names.push(name);
  return names.sort();
}

function firstDifference(actual: string, expected: string): string {
  const [now, before] = [actual.split("\n"), expected.split("\n")];
  const line = now.findIndex((text, i) => text !== before[i]);
  const at = line < 0 ? now.length : line;
  return `Line ${at + 1}:\n- ${before[at] ?? "(the end)"}\n+ ${now[at] ?? "(the end)"}`;
}
