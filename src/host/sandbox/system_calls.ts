/**
 * The numbers of the system calls that the seccomp filter names. From the kernel's own tables: x86-64
 * `arch/x86/entry/syscalls/syscall_64.tbl` (asm/unistd_64.h), aarch64 `include/uapi/asm-generic/unistd.h`, which that
 * processor uses as it is.
 */

/** Calls that the filter names; each processor has a number for every one. */
export interface SystemCalls {
  readonly socket: number;
  readonly socketpair: number;
  readonly clone: number;
  readonly clone3: number;
  readonly unshare: number;
  readonly add_key: number;
  readonly request_key: number;
  readonly keyctl: number;
  readonly bpf: number;
  readonly perf_event_open: number;
  readonly userfaultfd: number;
  readonly open_by_handle_at: number;
  readonly io_uring_setup: number;
  readonly io_uring_enter: number;
  readonly io_uring_register: number;
}

/** What differs between processors. */
export interface Architecture {
  /** `AUDIT_ARCH_*` of linux/audit.h. */
  readonly audit: number;
  readonly calls: SystemCalls;
}

/** New calls have the same number on every processor. */
const COMMON = { io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427, clone3: 435 } as const;

/** By `Deno.build.arch`. */
export const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  x86_64: {
    audit: 0xc000003e,
    calls: {
      ...COMMON,
      socket: 41,
      socketpair: 53,
      clone: 56,
      unshare: 272,
      add_key: 248,
      request_key: 249,
      keyctl: 250,
      bpf: 321,
      perf_event_open: 298,
      userfaultfd: 323,
      open_by_handle_at: 304,
    },
  },
  aarch64: {
    audit: 0xc00000b7,
    calls: {
      ...COMMON,
      socket: 198,
      socketpair: 199,
      clone: 220,
      unshare: 97,
      add_key: 217,
      request_key: 218,
      keyctl: 219,
      bpf: 280,
      perf_event_open: 241,
      userfaultfd: 282,
      open_by_handle_at: 265,
    },
  },
};
