/**
 * Package managers as far as they only list, and programs that tell their version.
 */
import { known, type ProgramRule, unknown } from "./program.ts";

const NAME = /^[A-Za-z0-9][\w.+:@/*-]*$/;

/** Which single argument makes a program print its version and do nothing else. */
const VERSION_ARGUMENTS: readonly (readonly [names: string, pattern: RegExp])[] = [
  ["node deno bun", /^(?:-v|--version)$/],
  ["python python3 python2", /^(?:-V|--version)$/],
  ["ruby perl php", /^(?:-v|--version)$/],
  ["java javac", /^(?:-version|--version)$/],
  ["cargo rustc", /^(?:-V|--version)$/],
  ["gcc g++ clang cc make cmake ld", /^--version$/],
  ["bash dash zsh", /^--version$/],
  ["curl wget ssh rsync", /^(?:-V|--version)$/],
  ["nginx", /^-[vV]$/],
  ["psql mysql redis-cli sqlite3 ffmpeg", /^(?:--version|-version)$/],
  ["git rg jq fd awk sed find grep sort tar docker podman systemctl", /^--version$/],
];

/** Tells of `PROGRAM --version`. */
export const VERSIONS: readonly ProgramRule[] = VERSION_ARGUMENTS.map(([names, pattern]) => ({
  names: names.split(" "),
  judge: (args) =>
    args.length === 1 && args[0]?.exact === true && pattern.test(args[0].text)
      ? known()
      : unknown("version-only", "Only its version is known to only read"),
  match: names.split(" ").map((name) =>
    `${name} ${["--version", "-v", "-V"].find((argument) => pattern.test(argument))}`
  ),
  not_match: names.split(" ").filter((name) => !/^(?:jq|fd|awk|sed|find|grep|sort|rg|git)$/.test(name)).map((
    name,
  ) => `${name} ./x`),
}));

/** Lists of packages. */
export const PACKAGES: readonly ProgramRule[] = [
  {
    names: ["dpkg", "dpkg-query"],
    os: ["linux"],
    judge: (args) => {
      const [action, ...rest] = args;
      const isList = action?.exact === true &&
        /^(?:-[lLsSW]|--list|--listfiles|--status|--search|--get-selections|--print-architecture)$/.test(
          action.text,
        );
      if (!isList) return unknown("option", "Only listing packages is known to only read");
      return rest.every((arg) => arg.exact && /^[\w.+:@/*-]+$/.test(arg.text) && !arg.text.startsWith("-"))
        ? known()
        : unknown("operand", "What is asked for is not a plain name");
    },
    match: ["dpkg -l", "dpkg -L bash", "dpkg -S /bin/ls", "dpkg --print-architecture"],
    not_match: ["dpkg -i x.deb", "dpkg -r x", "dpkg -l --root=x -i y", "dpkg --pre-invoke=./x -l", "dpkg $X"],
  },
  {
    names: ["apt", "apt-cache"],
    os: ["linux"],
    subcommands: {
      list: {
        flags: "a",
        long: ["--installed", "--upgradable", "--all-versions", "--manual-installed"],
        operands: NAME,
      },
      show: { flags: "a", operands: NAME },
      search: { long: ["--names-only"], operands: NAME },
      policy: { operands: NAME },
      depends: { operands: NAME },
      rdepends: { operands: NAME },
    },
    match: ["apt list --installed", "apt-cache policy bash", "apt show bash"],
    not_match: [
      "apt install x",
      "apt list -o APT::Update::Pre-Invoke::=./x",
      "apt -o Dir::Bin::dpkg=./x list",
      "apt list -c f",
      "apt update",
      "apt list $X",
      "apt-get install x",
    ],
  },
  {
    names: ["rpm"],
    os: ["linux"],
    judge: (args) => {
      const [action, ...rest] = args;
      if (action?.exact !== true || !/^-q[ailfcd]*$/.test(action.text)) {
        return unknown("option", "Only queries are known to only read");
      }
      return rest.every((arg) => arg.exact && /^[A-Za-z0-9/][\w.+@/-]*$/.test(arg.text))
        ? known()
        : unknown("operand", "What is asked for is not a plain name");
    },
    match: ["rpm -qa", "rpm -qi bash", "rpm -qf /bin/ls"],
    not_match: [
      "rpm -i x.rpm",
      "rpm -qa --pipe=./x",
      "rpm --eval '%(touch f)'",
      "rpm -qp http://h/x.rpm",
      "rpm -qa -E x",
      "rpm -e x",
    ],
  },
  {
    names: ["pip", "pip3"],
    subcommands: {
      list: {
        long: ["--format=", "--user", "--not-required"],
        operands: "none",
        values: { "--format": /^(?:columns|freeze|json)$/ },
      },
      show: { flags: "f", operands: NAME },
      freeze: { long: ["--user", "--all", "--local"], operands: "none" },
    },
    match: ["pip list", "pip3 show requests", "pip list --format=json"],
    not_match: [
      "pip install x",
      "pip list --log f",
      "pip --log=f list",
      "pip download x",
      "pip list --python ./x",
      "pip show $X",
    ],
  },
  {
    names: ["pacman"],
    os: ["linux"],
    judge: (args) => {
      const [action, ...rest] = args;
      if (action?.exact !== true || !/^-Q[ilseqm]*$/.test(action.text)) {
        return unknown("option", "Only queries are known to only read");
      }
      return rest.every((arg) => arg.exact && NAME.test(arg.text))
        ? known()
        : unknown("operand", "Not a plain name");
    },
    match: ["pacman -Q", "pacman -Qi bash"],
    not_match: ["pacman -S x", "pacman -Q --config f", "pacman -Syu", "pacman -Q -b x"],
  },
];
