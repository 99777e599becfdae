/**
 * Programs that show the state of the machine: processes, services, logs, devices, time.
 */
import type { ArgumentRule, ProgramRule } from "./program.ts";
import { known, unknown } from "./program.ts";

const PLAIN = /^[\w.:@,+%/-]*$/;

const SYSTEMCTL: ArgumentRule = {
  flags: "alqr",
  valued: "tnop",
  long:
    ("--no-pager --all --full --type= --state= --user --system --lines= --output= --failed --plain --no-legend --property= " +
      "--value --quiet --reverse --recursive --show-types --version").split(" "),
};

const STATUS_ONLY: ArgumentRule = { long: ["--no-pager", "--all"], flags: "a" };

/** The machine's state. */
export const SYSTEM: readonly ProgramRule[] = [
  {
    names: ["ps"],
    grants: ["host-processes"],
    flags: "AaefFHjlLMNTwxyZcmdrvSXE",
    valued: "oOpCGgustUqkn",
    digits: true,
    long: [
      "--no-headers",
      "--no-heading",
      "--forest",
      "--sort=",
      "--pid=",
      "--ppid=",
      "--user=",
      "--format=",
      "--cols=",
      "--width=",
      "--headers",
    ],
    operands: /^[aAcdfghHjlLmrSTuvwxXo]{1,8}$|^\d[\d,]*$|^[a-z%,=:]+$/,
    match: ["ps aux", "ps -ef", "ps -eo pid,comm --sort=-rss", "ps -p 1 -o args=", "ps axo pid,rss,cmd"],
    // On Linux top makes folders for its settings, even in batch mode.
    not_match: ["ps aux > f", "ps $X", "ps aux | xargs kill", "top -b -n 1"],
  },
  {
    names: ["pgrep", "pidof", "pstree"],
    grants: ["host-processes"],
    flags: "laficnovxwApsuhHT",
    valued: "uUGPtF",
    operands: PLAIN,
    match: ["pgrep -fl node", "pidof bash", "pstree -p"],
    not_match: ["pkill node", "pgrep $X", "pgrep --signal 9 x", "killall node"],
  },
  {
    names: ["w"],
    grants: ["host-processes"],
    flags: "hsfoi",
    match: ["w", "w -h"],
    not_match: ["w > f"],
  },
  {
    names: ["top"],
    os: ["macos"],
    grants: ["host-processes"],
    judge: (args) => {
      const text = args.map((arg) => (arg.exact ? arg.text : "-")).join(" ");
      const isLogged = /^-l ?\d{1,2}(?: -(?:[ns] ?\d+|o ?[a-z]+))*$/.test(text);
      return isLogged
        ? known(["host-processes"])
        : unknown("option", "Only top with -l is known to only read");
    },
    match: ["top -l 1", "top -l 1 -n 5 -o cpu"],
    not_match: ["top -l $X", "top", "top -n 1"],
  },
  {
    names: ["lsof"],
    grants: ["host-processes", "network"],
    flags: "nPtlRUabO",
    valued: "pucsdgi",
    words: ["-i"],
    operands: PLAIN,
    match: ["lsof -i", "lsof -nP -iTCP -sTCP:LISTEN", "lsof -p 1", "lsof -i :8080"],
    not_match: ["lsof -D b/tmp/x", "lsof -Dbf", "lsof $X", "lsof -k x"],
  },
  {
    names: ["systemctl"],
    os: ["linux"],
    grants: ["unix-sockets", "host-processes"],
    subcommands: {
      "status": SYSTEMCTL,
      "show": SYSTEMCTL,
      "cat": SYSTEMCTL,
      "is-active": SYSTEMCTL,
      "is-enabled": SYSTEMCTL,
      "is-failed": SYSTEMCTL,
      "is-system-running": SYSTEMCTL,
      "get-default": SYSTEMCTL,
      "list-units": SYSTEMCTL,
      "list-unit-files": SYSTEMCTL,
      "list-timers": SYSTEMCTL,
      "list-sockets": SYSTEMCTL,
      "list-jobs": SYSTEMCTL,
      "list-dependencies": SYSTEMCTL,
      "": SYSTEMCTL,
    },
    match: [
      "systemctl status",
      "systemctl status nginx --no-pager",
      "systemctl --user list-units --type=service",
      "systemctl is-active ssh",
      "systemctl --failed",
    ],
    not_match: [
      "systemctl restart x",
      "systemctl -H host status",
      "systemctl --host=h status",
      "systemctl edit x",
      "systemctl status $X",
      "systemctl --root=x status",
      "systemctl set-property x y=z",
      "systemctl -M c status",
      "systemctl stop status",
      "systemctl kill x",
    ],
  },
  {
    names: ["journalctl"],
    os: ["linux"],
    grants: ["unix-sockets"],
    flags: "aefqrkxmN",
    valued: "nuptgSUo",
    words: ["-b"],
    digits: true,
    long:
      ("--no-pager --lines= --unit= --user-unit= --since= --until= --follow --reverse --output= --priority= --grep= --boot " +
        "--list-boots --dmesg --user --system --all --quiet --no-tail --utc --no-hostname --disk-usage --catalog --identifier= " +
        "--case-sensitive? --fields --header --output-fields=").split(" "),
    operands: /^[A-Z_]+=[^/]*$|^\d+$/,
    match: [
      "journalctl -u ssh -n 50 --no-pager",
      "journalctl --since '1 hour ago'",
      "journalctl -b -p err",
      "journalctl -xe",
    ],
    not_match: [
      "journalctl --vacuum-size=1M",
      "journalctl --rotate",
      "journalctl --flush",
      "journalctl --cursor-file=f",
      "journalctl --sync",
      "journalctl --setup-keys",
      "journalctl $X",
      "journalctl --vacuum-t 1s",
    ],
  },
  {
    names: ["hostnamectl", "timedatectl", "loginctl", "localectl"],
    os: ["linux"],
    grants: ["unix-sockets"],
    subcommands: {
      "": STATUS_ONLY,
      "status": { ...STATUS_ONLY, operands: "none" },
      "show": STATUS_ONLY,
      "list-sessions": STATUS_ONLY,
      "list-users": STATUS_ONLY,
      "list-timezones": STATUS_ONLY,
      "list-locales": STATUS_ONLY,
    },
    match: ["timedatectl", "hostnamectl status", "loginctl list-sessions"],
    not_match: [
      "hostnamectl set-hostname x",
      "timedatectl set-time 0",
      "loginctl kill-user x",
      "hostnamectl hostname x",
    ],
  },
  {
    names: ["dmesg"],
    os: ["linux"],
    flags: "HTtxkLu",
    valued: "lf",
    long: [
      "--human",
      "--ctime",
      "--level=",
      "--facility=",
      "--time-format=",
      "--nopager",
      "--decode",
      "--color?",
    ],
    operands: "none",
    match: ["dmesg", "dmesg -T --level=err"],
    not_match: [
      "dmesg -C",
      "dmesg -c",
      "dmesg --clear",
      "dmesg -n 1",
      "dmesg -Tc",
      "dmesg -D",
      "dmesg --read-clear",
    ],
  },
  {
    names: ["date"],
    os: ["linux"],
    flags: "uR",
    valued: "dr",
    long: ["--date=", "--utc", "--iso-8601?", "--rfc-3339=", "--rfc-email", "--universal", "--reference="],
    words: ["-I", "-Iseconds", "-Idate", "-Iminutes"],
    operands: { max: 1, pattern: /^\+/ },
    match: ["date", "date -u +%FT%TZ", "date -d '1 day ago' +%s", "date -Iseconds"],
    not_match: [
      "date -s 12:00",
      "date --set=12:00",
      "date --se 12:00",
      "date 010100002020",
      "date -us 0",
      "date $X",
      "date -f f",
    ],
  },
  {
    names: ["date"],
    os: ["macos"],
    flags: "juR",
    valued: "rv",
    operands: { max: 1, pattern: /^\+/ },
    match: ["date", "date -u +%FT%TZ", "date -r 0"],
    not_match: ["date 010100002020", "date -d 1", "date -n 0101000020"],
  },
  {
    names: ["hostname"],
    flags: "fsdiIAy",
    operands: "none",
    match: ["hostname", "hostname -f", "hostname -I"],
    not_match: ["hostname evil", "hostname -F f", "hostname -b x", "hostname $X", "hostname --file f"],
  },
  {
    names: ["getconf"],
    words: ["-a"],
    operands: /^[A-Z][A-Z0-9_]*$/,
    match: ["getconf PAGE_SIZE", "getconf -a"],
    not_match: ["getconf -v ../../../tmp/x y", "getconf $X"],
  },
  {
    names: ["locale", "getent"],
    flags: "acm",
    operands: /^[\w.-]+$/,
    match: ["locale -a", "getent passwd root", "locale"],
    not_match: ["getent -s x:./x passwd", "locale $X"],
  },
  {
    names: ["mount"],
    flags: "l",
    operands: "none",
    match: ["mount", "mount | grep ext4"],
    not_match: [
      "mount /dev/sda1 /mnt",
      "mount -o remount,rw /",
      "mount -a",
      "mount -t tmpfs x y",
      "umount /mnt",
    ],
  },
  {
    names: ["sysctl"],
    flags: "aneNAX",
    operands: /^[a-z0-9_.-]+$/,
    exact: true,
    match: ["sysctl -a", "sysctl -n kernel.hostname", "sysctl vm.swappiness"],
    not_match: [
      "sysctl -w a.b=1",
      "sysctl a.b=1",
      "sysctl -p f",
      "sysctl --system",
      "sysctl -n a.b=1",
      "sysctl $X",
    ],
  },
  {
    names: ["crontab"],
    words: ["-l"],
    operands: "none",
    judge: (args) =>
      args.length === 1 && args[0]?.exact === true && args[0].text === "-l"
        ? known()
        : unknown("option", "Only crontab -l is known to only read"),
    match: ["crontab -l"],
    not_match: ["crontab f", "crontab -r", "crontab -", "crontab -e", "crontab", "crontab -l -r"],
  },
  {
    names: ["nvidia-smi"],
    flags: "Lq",
    words: ["-i=", "-d="],
    long: ["--query-gpu=", "--format=", "--query-compute-apps=", "--list-gpus"],
    operands: "none",
    match: ["nvidia-smi", "nvidia-smi --query-gpu=name,memory.used --format=csv"],
    not_match: [
      "nvidia-smi -pm 1",
      "nvidia-smi -q -f f",
      "nvidia-smi --gpu-reset",
      "nvidia-smi -r",
      "nvidia-smi -pl 100",
    ],
  },
  {
    names: ["sensors"],
    flags: "ujAf",
    operands: /^[\w*-]+$/,
    match: ["sensors", "sensors -j"],
    not_match: ["sensors -s", "sensors -c f"],
  },
  {
    names: ["lspci", "lsusb"],
    os: ["linux"],
    flags: "vnkmtxD",
    valued: "sd",
    operands: "none",
    match: ["lspci -nn", "lspci -v", "lsusb -t"],
    not_match: ["lspci -Q", "lspci -p f", "lspci -i f", "lspci -A x"],
  },
  {
    names: ["tput"],
    operands: /^(?:cols|lines|colors)$/,
    match: ["tput cols"],
    not_match: ["tput -T x cols", "tput init", "tput $X"],
  },
  {
    names: ["openssl"],
    subcommands: {
      version: { flags: "avbo" },
      x509: {
        words: [
          "-noout",
          "-text",
          "-dates",
          "-subject",
          "-issuer",
          "-enddate",
          "-startdate",
          "-fingerprint",
          "-serial",
          "-in=",
        ],
        operands: "none",
      },
    },
    match: ["openssl version", "openssl x509 -in c.pem.txt -noout -dates"],
    not_match: [
      "openssl rand -out f 10",
      "openssl x509 -in a -out f",
      "openssl enc -in a -out f",
      "openssl x509 -engine ./x.so",
      "openssl",
    ],
  },
];
