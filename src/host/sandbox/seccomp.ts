/**
 * The seccomp filter of strict isolation, as a classic BPF program (seccomp(2), linux/bpf_common.h). Pure. It closes what
 * a read-only file system leaves open: connecting to Unix sockets, and the ways round that.
 */
import type { Bytes } from "../../protocol/bytes.ts";

const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const RETURN = 0x06;

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const ERRNO = 0x00050000;
const EPERM = 1;
const EACCES = 13;
const ENOSYS = 38;

/** Offsets in `struct seccomp_data`. */
const NUMBER_OFFSET = 0;
const ARCHITECTURE_OFFSET = 4;
const FIRST_ARGUMENT_OFFSET = 16;

const AF_UNIX = 1;
/** From here up, x86-64 takes numbers as those of the x32 ABI, which would pass by the table. */
const X32_BIT = 0x40000000;

/** What differs between processors: the audit architecture and the numbers of system calls. */
interface Architecture {
  readonly audit: number;
  readonly socket: number;
  /** System calls that do not exist as far as the command can tell. */
  readonly absent: readonly number[];
  /** System calls that are not permitted. */
  readonly refused: readonly number[];
}

/** io_uring opens sockets without the call `socket`; the numbers are the same on every processor. */
const IO_URING = [425, 426, 427];

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  // add_key, request_key, keyctl: keys in the kernel outlive the command. bpf, userfaultfd, perf_event_open: not for reading.
  x86_64: { audit: 0xc000003e, socket: 41, absent: IO_URING, refused: [248, 249, 250, 321, 323, 298] },
  aarch64: { audit: 0xc00000b7, socket: 198, absent: IO_URING, refused: [217, 218, 219, 280, 282, 241] },
};

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/**
 * Assembles the filter.
 *
 * @param architecture - `Deno.build.arch`
 * @param options.unixSockets - whether `socket(AF_UNIX, ...)` is let through
 * @returns `struct sock_filter` one after the other, little endian, or undefined for an unknown processor
 */
export function seccompFilter(
  architecture: string,
  options: { readonly unixSockets: boolean },
): Bytes | undefined {
  const table = ARCHITECTURES[architecture];
  if (table === undefined) return undefined;
  const program: Instruction[] = [
    [LOAD, 0, 0, ARCHITECTURE_OFFSET],
    [JUMP_IF_EQUAL, 1, 0, table.audit],
    // A 32-bit program has other numbers, and reaches sockets through memory that a filter cannot read.
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, NUMBER_OFFSET],
    [JUMP_IF_AT_LEAST, 0, 1, X32_BIT],
    [RETURN, 0, 0, ERRNO | ENOSYS],
    ...table.absent.flatMap((number) => refuse(number, ENOSYS)),
    ...table.refused.flatMap((number) => refuse(number, EPERM)),
  ];
  if (!options.unixSockets) {
    program.push(
      [JUMP_IF_EQUAL, 0, 3, table.socket],
      [LOAD, 0, 0, FIRST_ARGUMENT_OFFSET],
      [JUMP_IF_EQUAL, 0, 1, AF_UNIX],
      [RETURN, 0, 0, ERRNO | EACCES],
    );
  }
  program.push([RETURN, 0, 0, ALLOW]);
  return assemble(program);
}

function refuse(number: number, errno: number): Instruction[] {
  return [[JUMP_IF_EQUAL, 0, 1, number], [RETURN, 0, 0, ERRNO | errno]];
}

function assemble(program: readonly Instruction[]): Bytes {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(([code, ifTrue, ifFalse, value], i) => {
    view.setUint16(8 * i, code, true);
    view.setUint8(8 * i + 2, ifTrue);
    view.setUint8(8 * i + 3, ifFalse);
    view.setUint32(8 * i + 4, value >>> 0, true);
  });
  return bytes;
}
