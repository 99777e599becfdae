/**
 * Programs and builtins that no option and no operand can make change anything, on GNU, BSD and busybox alike.
 */
import type { ProgramRule } from "./program.ts";

/** The harmless ones, in groups. */
export const HARMLESS: readonly ProgramRule[] = [
  {
    names: [
      "ls",
      "dir",
      "vdir",
      "stat",
      "du",
      "df",
      "basename",
      "dirname",
      "realpath",
      "readlink",
      "pwd",
      "findmnt",
    ],
    harmless: true,
    match: [
      "ls",
      "ls -la --color=never",
      "ls $X *",
      "/bin/ls -l",
      "du -sh *",
      "df -h",
      "stat -c %a f",
      'basename "$0"',
      "realpath .",
    ],
    not_match: [
      "./ls",
      "/tmp/ls",
      "ls > f",
      "LD_PRELOAD=./x.so ls",
      "PATH=. ls",
      "ls &",
      "$X",
      "ls `touch f`",
    ],
  },
  {
    names: [
      ..."cat tac head tail wc cut tr nl fold rev paste join expand unexpand fmt pr column comm cmp seq"
        .split(" "),
      ..."grep egrep fgrep strings od hexdump hd jq tsort numfmt factor cal".split(" "),
    ],
    harmless: true,
    match: [
      "cat f",
      "head -n 5 f",
      'grep "a|b" f',
      "grep -rn x .",
      "tail -5 f | wc -l",
      "cut -d: -f1 /etc/passwd",
      "jq .a f.json",
      "od -c f",
    ],
    not_match: [
      "cat > f",
      "cat f >> g",
      "head f | tee g",
      "tail f | sh",
      "grep x f | xargs rm",
      "cat <&3",
      "cat <>f",
    ],
  },
  {
    names: "md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum shasum md5".split(" "),
    harmless: true,
    match: ["sha256sum f", "md5sum -c sums"],
    not_match: ["sha256sum f > sums"],
  },
  {
    names: [
      ..."id groups whoami users logname who last uname nproc uptime free vmstat printenv tty".split(" "),
      ..."lscpu lsmem lsblk lsmod which".split(" "),
    ],
    harmless: true,
    match: ["id -u", "uname -a", "free -h", "lsblk -f", "which ls"],
    // On macOS arch starts programs.
    not_match: ["uname > f", "id | bash", "arch -x86_64 touch f"],
  },
  {
    names: ["echo", "true", "false", ":", "sleep", "cd", "type"],
    harmless: true,
    match: ["echo hello", 'echo "$HOME" *', "true", "cd src && ls", "sleep 1", "type ls", "echo `pwd`"],
    not_match: [
      "echo x > f",
      "echo $(touch f)",
      "cd src && rm f",
      "echo x | tee f",
      "echo ${X:=y}",
      "echo $((x))",
    ],
  },
];
