/**
 * What a host is asked for in each step of a distributed run: parameters of `part_run` for map, combine and reduce. Pure.
 */
import type * as z from "zod";
import type { partRun } from "../../protocol/operations/part_run.ts";
import { outputName } from "./attempts.ts";
import type { MapReduceSpec } from "./ports.ts";

/** Parameters of `part_run`. */
export type PartRunParams = z.infer<typeof partRun.params>;

/** The reduce of a run with keys and no reduce of its own: what comes in sorted goes out as it is. */
const IDENTITY = "cat";

/** Returns how many reducers a run has: none if what the maps wrote is the result. */
export function countReducers({ isKeyed, reduce, reducers }: MapReduceSpec): number {
  if (isKeyed) return reducers;
  return reduce === undefined ? 0 : 1;
}

/** Tells whether an empty map output adds nothing to a reducer's input. With JSON values, it would be one of them. */
export function skipsEmptyParts({ isKeyed, format }: MapReduceSpec): boolean {
  return isKeyed || format !== "json";
}

/** Returns the name under which the input of a map lies. */
export function inputName(partition: number): string {
  return `in.${partition}`;
}

/** Returns what a map attempt runs, one after the other: the map, and the combine if there is one. */
export function mapSteps(spec: MapReduceSpec, partition: number, attempt: number): PartRunParams[] {
  const input = spec.inputs[partition];
  const at = { partition, partitions: spec.inputs.length, attempt };
  const name = outputName("map", partition, attempt);
  const isJson = spec.format === "json";
  const source = input?.type === "files" ? { files: [...input.paths] } : { parts: [inputName(partition)] };
  const last: PartRunParams["output"] = {
    name,
    as: spec.isKeyed ? "keyed" : isJson ? "value" : "whole",
    reducers: Math.max(1, countReducers(spec)),
  };
  const hasCombine = spec.combine !== undefined;
  const first = hasCombine ? { ...last, name: `pre.${partition}.${attempt}`, reducers: 1 } : last;
  const map: PartRunParams = {
    ...common(spec),
    ...at,
    command: spec.map,
    stage: "map",
    input: {
      ...source,
      merge: "concat",
      items: spec.items,
      as: spec.format === "json" ? "array" : spec.format,
    },
    output: first,
  };
  if (spec.combine === undefined) return [map];
  return [map, {
    ...common(spec),
    ...at,
    command: spec.combine,
    stage: "combine",
    input: { parts: [`${first.name}.0`], ...gathered(spec) },
    output: last,
  }];
}

/** Returns what a reduce attempt runs. With keys its output is sorted by them again, so that results can be merged. */
export function reduceStep(
  spec: MapReduceSpec,
  { partition, attempt, parts }: {
    readonly partition: number;
    readonly attempt: number;
    readonly parts: readonly string[];
  },
): PartRunParams {
  const name = outputName("reduce", partition, attempt);
  const as = spec.isKeyed ? "keyed" : spec.format === "json" ? "value" : "whole";
  return {
    ...common(spec),
    command: spec.reduce ?? IDENTITY,
    stage: "reduce",
    partition,
    partitions: countReducers(spec),
    attempt,
    input: spec.reduce === undefined
      ? { parts: [...parts], merge: "key", items: "text", as: "lines" }
      : { parts: [...parts], ...gathered(spec) },
    output: { name, as, reducers: 1 },
  };
}

/** How a combine or reduce reads outputs of maps. */
function gathered({ isKeyed, format }: MapReduceSpec): Omit<PartRunParams["input"], "parts"> {
  const isJson = format === "json";
  if (isKeyed) return { merge: "key", items: isJson ? "json" : "text", as: isJson ? "groups" : "lines" };
  return { merge: "concat", items: isJson ? "json" : "text", as: format === "json" ? "values" : format };
}

function common({ run, ticket, cwd, timeoutMs }: MapReduceSpec) {
  return {
    run,
    ticket,
    ...(cwd === undefined ? {} : { cwd }),
    ...(timeoutMs === undefined ? {} : { timeout_ms: timeoutMs }),
  };
}
