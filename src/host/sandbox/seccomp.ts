/**
 * The seccomp filter of strict isolation, as a classic BPF program (seccomp(2), linux/bpf_common.h). Pure. It closes what
 * a read-only file system and own namespaces leave open: Unix sockets by path, kinds of sockets that no namespace
 * holds, and the ways round that.
 */
import type { Bytes } from "../../protocol/bytes.ts";
import { ARCHITECTURES, type SystemCalls } from "./system_calls.ts";

const LOAD = 0x20;
const AND = 0x54;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const JUMP_IF_BITS = 0x45;
const RETURN = 0x06;

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const ERRNO = 0x00050000;
const EPERM = 1;
const EACCES = 13;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

/** Offsets in `struct seccomp_data`; of an argument the lower half counts, as the kernel takes these as `int`. */
const NUMBER_OFFSET = 0;
const ARCHITECTURE_OFFSET = 4;
const FIRST_ARGUMENT_OFFSET = 16;
const SECOND_ARGUMENT_OFFSET = 24;

const AF_UNIX = 1;
/**
 * IPv4, IPv6 and netlink live in the network namespace. Others do not (vsock reaches the hypervisor from any of them, Bluetooth
 * the radio), or are rarely tried parts of the kernel.
 */
const NAMESPACED_FAMILIES = [2, 10, 16];
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;
/** Of a socket's type; the rest are flags. */
const SOCK_TYPE_MASK = 0xf;
const CLONE_NEWUSER = 0x10000000;
/** From here up, x86-64 takes numbers as those of the x32 ABI, which would pass by the table. */
const X32_BIT = 0x40000000;

/** What does not exist as far as the command can tell: io_uring opens sockets by itself, clone3 has its flags in memory. */
const ABSENT = ["io_uring_setup", "io_uring_enter", "io_uring_register", "clone3"] as const;

/**
 * What is not permitted: keys in the kernel outlive the command, a handle opens a file past what covers it, and the rest is
 * not for reading.
 */
const REFUSED = [
  "add_key",
  "request_key",
  "keyctl",
  "open_by_handle_at",
  "bpf",
  "perf_event_open",
  "userfaultfd",
] as const;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/**
 * Assembles the filter.
 *
 * @param architecture - `Deno.build.arch`
 * @param options.unixSockets - whether Unix sockets may be opened; pairs of connected ones always may
 * @returns `struct sock_filter` one after the other, little endian, or undefined for an unknown processor
 */
export function seccompFilter(
  architecture: string,
  options: { readonly unixSockets: boolean },
): Bytes | undefined {
  const table = ARCHITECTURES[architecture];
  if (table === undefined) return undefined;
  const { audit, calls } = table;
  return assemble([
    [LOAD, 0, 0, ARCHITECTURE_OFFSET],
    [JUMP_IF_EQUAL, 1, 0, audit],
    // A 32-bit program has other numbers, and reaches sockets through memory that a filter cannot read.
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, NUMBER_OFFSET],
    [JUMP_IF_AT_LEAST, 0, 1, X32_BIT],
    [RETURN, 0, 0, ERRNO | ENOSYS],
    ...ABSENT.flatMap((name) => onCall(calls, name, [fail(ENOSYS)])),
    ...REFUSED.flatMap((name) => onCall(calls, name, [fail(EPERM)])),
    // In a user namespace of its own a command has every capability, over its own things and much of the kernel's code.
    ...(["clone", "unshare"] as const).flatMap((name) =>
      onCall(calls, name, [
        [LOAD, 0, 0, FIRST_ARGUMENT_OFFSET],
        [JUMP_IF_BITS, 0, 1, CLONE_NEWUSER],
        fail(EPERM),
        allow(),
      ])
    ),
    ...onCall(calls, "socket", onSocket(options.unixSockets)),
    ...(options.unixSockets ? [] : onCall(calls, "socketpair", ON_SOCKET_PAIR)),
    allow(),
  ]);
}

function onSocket(unixSockets: boolean): Instruction[] {
  const families = unixSockets ? [AF_UNIX, ...NAMESPACED_FAMILIES] : NAMESPACED_FAMILIES;
  return [
    [LOAD, 0, 0, FIRST_ARGUMENT_OFFSET],
    ...families.flatMap((family): Instruction[] => [[JUMP_IF_EQUAL, 0, 1, family], allow()]),
    [JUMP_IF_EQUAL, 0, 1, AF_UNIX],
    fail(EACCES),
    fail(EAFNOSUPPORT),
  ];
}

/** A datagram socket of a pair can be sent to, and connected to, any other by its path; those with connections cannot. */
const ON_SOCKET_PAIR: readonly Instruction[] = [
  [LOAD, 0, 0, SECOND_ARGUMENT_OFFSET],
  [AND, 0, 0, SOCK_TYPE_MASK],
  [JUMP_IF_EQUAL, 1, 0, SOCK_STREAM],
  [JUMP_IF_EQUAL, 0, 1, SOCK_SEQPACKET],
  [RETURN, 0, 0, ALLOW],
  [RETURN, 0, 0, ERRNO | EACCES],
];

/** What happens on a call; `body` must return on every way through it. */
function onCall(calls: SystemCalls, name: keyof SystemCalls, body: readonly Instruction[]): Instruction[] {
  return [[JUMP_IF_EQUAL, 0, body.length, calls[name]], ...body];
}

function fail(errno: number): Instruction {
  return [RETURN, 0, 0, ERRNO | errno];
}

function allow(): Instruction {
  return [RETURN, 0, 0, ALLOW];
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
