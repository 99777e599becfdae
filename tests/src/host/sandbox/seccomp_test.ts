import assert from "node:assert/strict";
import { seccompFilter } from "../../../../src/host/sandbox/seccomp.ts";
import { ARCHITECTURES } from "../../../../src/host/sandbox/system_calls.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";
import { NEEDS_PERL, openSandbox, perlConfined, STRICT } from "./_machine.ts";

const KILL = "kill";
const OK = "allow";
const CLONE_NEWUSER = 0x10000000;

/** Runs a program as the kernel does (linux/filter.h); only what the filter has need of. */
function evaluate(
  program: Uint8Array,
  call: { readonly audit: number; readonly number: number; readonly arguments: readonly number[] },
): string {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, call.number, true);
  data.setUint32(4, call.audit, true);
  // What is above the lower half must not count.
  call.arguments.forEach((value, i) => data.setBigUint64(16 + 8 * i, (0xabcdn << 32n) | BigInt(value), true));
  const view = new DataView(program.buffer);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const code = view.getUint16(at, true);
    const [ifTrue, ifFalse] = [view.getUint8(at + 2), view.getUint8(at + 3)];
    const value = view.getUint32(at + 4, true);
    const jump = (holds: boolean) => at += 8 * (holds ? ifTrue : ifFalse);
    if (code === 0x20) accumulator = data.getUint32(value, true);
    else if (code === 0x54) accumulator = (accumulator & value) >>> 0;
    else if (code === 0x15) jump(accumulator === value);
    else if (code === 0x35) jump(accumulator >= value);
    else if (code === 0x45) jump((accumulator & value) !== 0);
    else if (code === 0x06) {
      if (value === 0x7fff0000) return OK;
      if (value === 0x80000000) return KILL;
      return `errno ${value & 0xffff}`;
    } else throw new Error(`Unknown instruction ${code}`);
  }
  throw new Error("The program has no end");
}

for (const [architecture, { audit, calls }] of Object.entries(ARCHITECTURES)) {
  const cases: readonly (readonly [
    what: string,
    number: number,
    args: readonly number[],
    closed: string,
    open?: string,
  ])[] = [
    ["read", 63, [], OK],
    ["socket(AF_UNIX)", calls.socket, [1, 1], "errno 13", OK],
    ["socket(AF_UNIX, SOCK_DGRAM)", calls.socket, [1, 2], "errno 13", OK],
    ["socket(AF_INET)", calls.socket, [2, 1], OK],
    ["socket(AF_INET6)", calls.socket, [10, 1], OK],
    ["socket(AF_NETLINK)", calls.socket, [16, 3], OK],
    ["socket(AF_PACKET)", calls.socket, [17, 3], "errno 97"],
    ["socket(AF_BLUETOOTH)", calls.socket, [31, 3], "errno 97"],
    ["socket(AF_ALG)", calls.socket, [38, 5], "errno 97"],
    ["socket(AF_VSOCK)", calls.socket, [40, 1], "errno 97"],
    ["socketpair(SOCK_STREAM)", calls.socketpair, [1, 1], OK],
    ["socketpair(SOCK_STREAM | SOCK_CLOEXEC)", calls.socketpair, [1, 0x80001], OK],
    ["socketpair(SOCK_SEQPACKET)", calls.socketpair, [1, 5], OK],
    ["socketpair(SOCK_DGRAM)", calls.socketpair, [1, 2], "errno 13", OK],
    ["socketpair(SOCK_DGRAM | SOCK_NONBLOCK)", calls.socketpair, [1, 0x802], "errno 13", OK],
    ["socketpair(SOCK_RAW)", calls.socketpair, [1, 3], "errno 13", OK],
    ["clone(SIGCHLD)", calls.clone, [17], OK],
    ["clone(CLONE_NEWUSER)", calls.clone, [CLONE_NEWUSER | 17], "errno 1"],
    ["clone3", calls.clone3, [0, 88], "errno 38"],
    ["unshare(CLONE_FILES)", calls.unshare, [0x400], OK],
    ["unshare(CLONE_NEWUSER)", calls.unshare, [CLONE_NEWUSER], "errno 1"],
    ["io_uring_setup", calls.io_uring_setup, [], "errno 38"],
    ["io_uring_enter", calls.io_uring_enter, [], "errno 38"],
    ["io_uring_register", calls.io_uring_register, [], "errno 38"],
    ["add_key", calls.add_key, [], "errno 1"],
    ["request_key", calls.request_key, [], "errno 1"],
    ["keyctl", calls.keyctl, [], "errno 1"],
    ["bpf", calls.bpf, [], "errno 1"],
    ["perf_event_open", calls.perf_event_open, [], "errno 1"],
    ["userfaultfd", calls.userfaultfd, [], "errno 1"],
    ["open_by_handle_at", calls.open_by_handle_at, [], "errno 1"],
    ["a call of the x32 ABI", 0x40000000 + calls.socket, [1, 1], "errno 38"],
  ];
  for (const unixSockets of [false, true]) {
    const name = `seccompFilter() for ${architecture} ${unixSockets ? "with" : "without"} Unix sockets`;
    Deno.test(`${name} answers each call as it should`, () => {
      const program = seccompFilter(architecture, { unixSockets });
      assert.ok(program !== undefined);
      for (const [what, number, args, closed, open = closed] of cases) {
        const answer = evaluate(program, { audit, number, arguments: args });
        assert.equal(answer, unixSockets ? open : closed, what);
      }
    });
    Deno.test(`${name} kills what calls as another processor does`, () => {
      const program = seccompFilter(architecture, { unixSockets });
      assert.ok(program !== undefined);
      // AUDIT_ARCH_I386 and AUDIT_ARCH_ARM: 32-bit programs on these processors.
      for (const other of [0x40000003, 0x40000028]) {
        assert.equal(evaluate(program, { audit: other, number: 3, arguments: [] }), KILL);
      }
    });
  }
}

Deno.test("seccompFilter() has none for a processor it does not know", () => {
  assert.equal(seccompFilter("riscv64", { unixSockets: false }), undefined);
});

const { ignore, why } = NEEDS_PERL;
Deno.test(`seccompFilter() is what the kernel goes by${why}`, { ignore }, async () => {
  await using place = await temporaryFolder();
  const sandbox = await openSandbox(place.folder);
  const numbers = ARCHITECTURES[Deno.build.arch]?.calls;
  assert.ok(numbers !== undefined);
  const attempts: readonly (readonly [code: string, errno: string])[] = [
    ["socket(S,PF_UNIX,SOCK_STREAM,0)", "13"],
    ["socket(S,PF_UNIX,SOCK_DGRAM,0)", "13"],
    ["socketpair(S,T,PF_UNIX,SOCK_DGRAM,0)", "13"],
    ["socketpair(S,T,PF_UNIX,SOCK_STREAM,0)", "ok"],
    ["socketpair(S,T,PF_UNIX,SOCK_SEQPACKET,0)", "ok"],
    ["socket(S,PF_INET,SOCK_STREAM,0)", "ok"],
    ["socket(S,40,SOCK_STREAM,0)", "97"],
    [`syscall(${numbers.unshare},${CLONE_NEWUSER})>=0`, "1"],
    [`syscall(${numbers.clone},${CLONE_NEWUSER | 17},0,0,0,0)>=0`, "1"],
    [`syscall(${numbers.clone3},0,0)>=0`, "38"],
    [`syscall(${numbers.io_uring_setup},1,0)>=0`, "38"],
    [`syscall(${numbers.keyctl},0,-3,0)>=0`, "1"],
    [`syscall(${0x40000000 + numbers.socket},1,1,0)>=0`, "38"],
  ];
  const code = attempts.map(([attempt]) => `print((${attempt}) ? "ok" : $!+0, " ");`).join("");
  const said = (await perlConfined(sandbox, code, { confinement: STRICT })).trim().split(" ");
  attempts.forEach(([attempt, expected], i) => assert.equal(said[i], expected, attempt));
});
