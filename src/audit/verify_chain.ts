/**
 * Finds what was done to an audit log: goes through its lines from the first to the last and tells each place where the chain is broken.
 * Pure; `read.ts` gives it the lines.
 */
import { type ChainLine, type ChainState, readChainLine } from "./chain.ts";
import { parseRecord } from "./record.ts";

/** Where a line stands. */
export interface LinePlace {
  /** Name of the file. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What is wrong somewhere. `cut`: at the end of the log. */
export type ProblemKind = "edited" | "missing" | "out of order" | "cut";

/** One broken place. */
export interface ChainProblem extends LinePlace {
  readonly kind: ProblemKind;
  /** Number of the record there, as far as it can be told. */
  readonly seq: number | undefined;
  readonly message: string;
}

/** What a log proves. */
export interface ChainReport {
  /** Lines that are records. */
  readonly records: number;
  /** Number and hash of the last record. Somebody who keeps them elsewhere can tell later that nothing before was changed. */
  readonly end: ChainState | undefined;
  /** The first broken places, in their order. Empty: the log is intact. */
  readonly problems: readonly ChainProblem[];
  /** How many there are in all. */
  readonly problemCount: number;
  /** What is no fault but worth knowing, such as where the log begins. */
  readonly notes: readonly string[];
}

const MAX_PROBLEMS = 20;
const MAX_NOTES = 20;
const EVENT = /^\{"seq":\d+,"prev":"\w+","time":"[^"]*","event":"(?:repair|gap)"/;
const decoder = new TextDecoder();

/** Where the next record must go on. */
interface Before {
  readonly seq: number;
  /** Undefined if it is not known: at the beginning of the log of an unknown agent. */
  readonly hash: string | undefined;
}

/** A run over one log. */
export class ChainVerifier {
  readonly #problems: { -readonly [K in keyof ChainProblem]: ChainProblem[K] }[] = [];
  readonly #notes: string[] = [];
  /** Numbers that were skipped, and the problem that told of it: they may turn up later. */
  #skipped: { readonly from: number; readonly to: number; readonly problem: number } | undefined;
  #problemCount = 0;
  #noteCount = 0;
  #records = 0;
  /** Undefined where nothing can be said of what must follow: at a start in the middle, and after a broken place. */
  #before: Before | undefined;
  #highest: ChainState | undefined;
  readonly #head: ChainState | "damaged" | undefined;

  /**
   * @param options.start - where the chain begins; undefined if older records were removed by rotation
   * @param options.head - what was noted of the chain's end
   */
  constructor({ start, head }: {
    readonly start: Before | undefined;
    readonly head: ChainState | "damaged" | undefined;
  }) {
    this.#before = start;
    this.#head = head;
  }

  /** Takes the next line, without its end. */
  push(bytes: Uint8Array, place: LinePlace): void {
    const line = readChainLine(bytes);
    if (line === undefined || !line.isIntact) {
      const seq = line?.seq ?? (this.#before === undefined ? undefined : this.#before.seq + 1);
      const message = line === undefined ? "the line is not a record" : "its hash does not fit what it says";
      this.#tell({ ...place, kind: "edited", seq, message });
      this.#before = undefined;
      return;
    }
    this.#records++;
    this.#checkLink(line, place);
    this.#checkHead(line, place);
    this.#readEvent(bytes, line, place);
    const state = { seq: line.seq, hash: line.hash };
    this.#before = state;
    if (line.seq >= (this.#highest?.seq ?? 0)) this.#highest = state;
  }

  /** Tells of a line at the very end that was not written to its end. */
  pushTorn(length: number, { file, line }: LinePlace): void {
    this.note(
      `${file}:${line} ends with ${length} bytes of a line that was being written; the next start of an agent moves them aside`,
    );
  }

  /** Tells of something that is no fault. */
  note(text: string): void {
    if (++this.#noteCount <= MAX_NOTES) this.#notes.push(text);
  }

  /** Tells of a broken place that the lines alone do not show. */
  problem(problem: ChainProblem): void {
    this.#tell(problem);
  }

  /** Ends the run, and checks the end of the log. */
  finish(last: LinePlace): ChainReport {
    this.#checkEnd(last);
    if (this.#noteCount > MAX_NOTES) this.#notes.push(`and ${this.#noteCount - MAX_NOTES} more remarks`);
    return {
      records: this.#records,
      end: this.#highest,
      problems: this.#problems,
      problemCount: this.#problemCount,
      notes: this.#notes,
    };
  }

  #tell(problem: ChainProblem): void {
    if (++this.#problemCount <= MAX_PROBLEMS) this.#problems.push({ ...problem });
  }

  #checkLink({ seq, prev }: ChainLine, place: LinePlace): void {
    const before = this.#before;
    if (before === undefined) return;
    if (seq === before.seq + 1) {
      if (before.hash === undefined || prev === before.hash) return;
      const message = seq === 1
        ? "it does not begin the log of this agent"
        : `record ${before.seq} is not the one that was there when it was written`;
      this.#tell({ ...place, kind: "edited", seq, message });
    } else if (seq > before.seq) {
      const [from, to] = [before.seq + 1, seq - 1];
      const message = from === to
        ? `record ${from} before it is missing`
        : `records ${from} to ${to} before it are missing`;
      this.#tell({ ...place, kind: "missing", seq, message });
      this.#skipped ??= { from, to, problem: this.#problemCount - 1 };
    } else {
      this.#tell({ ...place, kind: "out of order", seq, message: `it stands behind record ${before.seq}` });
      this.#foundSkipped(seq);
    }
  }

  /** What seemed missing was only moved. */
  #foundSkipped(seq: number): void {
    const skipped = this.#skipped;
    const problem = skipped === undefined ? undefined : this.#problems[skipped.problem];
    if (skipped === undefined || problem === undefined || seq < skipped.from || seq > skipped.to) return;
    problem.kind = "out of order";
    problem.message = `record ${seq} stands further behind`;
  }

  #checkHead({ seq, hash }: ChainLine, place: LinePlace): void {
    const head = this.#head;
    if (head === undefined || head === "damaged" || seq !== head.seq || hash === head.hash) return;
    this.#tell({ ...place, kind: "edited", seq, message: "head.json has another hash for it" });
  }

  /** The log itself tells of repairs and of records that it could not take. */
  #readEvent(bytes: Uint8Array, { seq }: ChainLine, place: LinePlace): void {
    if (!EVENT.test(decoder.decode(bytes.subarray(0, 256)))) return;
    const record = parseRecord(bytes);
    const where = `${place.file}:${place.line}`;
    if (record?.gap !== undefined) {
      this.note(`${where} says that ${record.gap.lost} records could not be written: ${record.gap.reason}`);
    } else if (record?.repair?.found.includes("head") === true) {
      const message =
        "head.json was missing or changed when it was written: records before it may have been cut";
      this.#tell({ ...place, kind: "cut", seq, message });
    } else if (record?.repair?.found.includes("torn") === true) {
      this.note(`${where} tells of a line that was torn and moved aside`);
    } else if (record?.repair === undefined) {
      this.#tell({ ...place, kind: "edited", seq, message: "it is not of the form of a record" });
    }
  }

  #checkEnd(last: LinePlace): void {
    const head = this.#head;
    const seq = this.#highest?.seq ?? 0;
    if (head === undefined || head === "damaged") {
      if (this.#records === 0 && head === undefined) return;
      const message = `head.json is ${head ?? "missing"}: records may have been cut from the end`;
      this.#tell({ ...last, kind: "cut", seq, message });
    } else if (head.seq > seq) {
      const message = head.seq === seq + 1
        ? `record ${head.seq} is missing behind it`
        : `records ${seq + 1} to ${head.seq} are missing behind it`;
      this.#tell({ ...last, kind: "cut", seq, message });
    }
  }
}
