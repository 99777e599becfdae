/**
 * git in plan mode: the subcommands that only read, with the options that only read. What a repository's own configuration can start
 * is the matter of `git_guard.ts`.
 */
import { operandProblem, parseArguments } from "./programs/arguments.ts";
import { type ArgumentRule, type Judgement, type ProgramRule, unknown } from "./programs/program.ts";
import type { Arg } from "./shell_words.ts";

/** Formats that make git start gpg to check a signature. */
const PLAIN_FORMAT = /^(?!.*(?:%[+ -]?G|signature|%\(trailers))/is;
const FORMATS = { "--format": PLAIN_FORMAT, "--pretty": PLAIN_FORMAT };

const COMMON_LONG =
  ("--color? --no-color --abbrev? --no-abbrev --sort= --count= --format= --all --quiet --verbose --null --ignore-case " +
    "--contains= --no-contains= --points-at= --merged= --no-merged= --column? --no-column").split(" ");

const DIFF_LONG =
  ("--patch --no-patch --unified= --stat? --numstat --shortstat --dirstat? --summary --name-only --name-status --raw " +
    "--compact-summary --patch-with-stat --minimal --patience --histogram --diff-algorithm= --color? --no-color --color-moved? " +
    "--word-diff? --word-diff-regex= --no-renames --check --full-index --binary --abbrev? --find-renames? --find-copies? " +
    "--find-copies-harder --diff-filter= --pickaxe-all --pickaxe-regex --relative? --text --ignore-space-at-eol " +
    "--ignore-space-change --ignore-all-space --ignore-blank-lines --ignore-cr-at-eol --function-context --inter-hunk-context= " +
    "--exit-code --quiet --no-ext-diff --no-textconv --src-prefix= --dst-prefix= --no-prefix --ita-invisible-in-index " +
    "--ignore-submodules? --submodule=short --cached --staged --merge-base --no-index --base --ours --theirs")
    .split(" ");
const LOG_LONG = [
  ...DIFF_LONG,
  ...("--oneline --graph --decorate? --no-decorate --all --branches? --tags? --remotes? --glob= --exclude= --author= --committer= --grep= " +
    "--since= --until= --after= --before= --max-count= --skip= --merges --no-merges --min-parents= --max-parents= " +
    "--first-parent --follow --reverse --date= --relative-date --abbrev-commit --no-abbrev-commit --source --format= --pretty= " +
    "--all-match --invert-grep --extended-regexp --fixed-strings --perl-regexp --regexp-ignore-case --cherry-pick --cherry-mark " +
    "--cherry --left-right --left-only --right-only --ancestry-path --topo-order --date-order --author-date-order --boundary " +
    "--simplify-by-decoration --full-history --no-walk --walk-reflogs --parents --children --notes? --no-notes --encoding= --root " +
    "--count --objects --timestamp --not --full-diff --log-size --no-mailmap --use-mailmap --mailmap").split(
      " ",
    ),
];

const DIFF: ArgumentRule = {
  flags: "psuwbazRWtrq",
  valued: "UMCSGlBX",
  words: ["-M", "-C", "-B"],
  long: DIFF_LONG,
};
const LOG: ArgumentRule = {
  flags: "psuwbazRWtriEFPgqcm",
  valued: "UMCSGlBXnL",
  words: ["-M", "-C", "-B"],
  digits: true,
  long: LOG_LONG,
  values: FORMATS,
};
const NAMES: ArgumentRule = { operands: /^[^-]/ };

const BRANCH_LIST: ArgumentRule = {
  flags: "avri",
  long: [...COMMON_LONG, "--list", "--remotes"],
  values: FORMATS,
};

const SUBCOMMANDS: Readonly<Record<string, ArgumentRule>> = {
  "status": {
    flags: "sbz",
    valued: "u",
    words: ["-u"],
    long:
      ("--short --branch --porcelain? --long --show-stash --ahead-behind --no-ahead-behind --no-renames --find-renames? " +
        "--untracked-files? --ignored? --column? --no-column --ignore-submodules?").split(" "),
  },
  "log": LOG,
  "show": LOG,
  "whatchanged": LOG,
  "rev-list": LOG,
  "reflog": { ...LOG, operands: /^(?!(?:expire|delete|drop|exists|write)$)/ },
  "shortlog": { ...LOG, flags: "nsec" },
  "diff": DIFF,
  "diff-tree": { ...DIFF, flags: "psuwbazRWtrcm", long: [...DIFF_LONG, "--no-commit-id", "--root"] },
  "diff-index": DIFF,
  "branch": {
    flags: "avrli",
    long: [...COMMON_LONG, "--list", "--remotes", "--show-current"],
    values: FORMATS,
    operands: "none",
  },
  // Each of these makes git list, so that a name after it is no new branch.
  "branch --list": BRANCH_LIST,
  "branch --contains": BRANCH_LIST,
  "branch --merged": BRANCH_LIST,
  "branch --no-merged": BRANCH_LIST,
  "tag": {
    flags: "i",
    valued: "n",
    long: [...COMMON_LONG, "--list"],
    words: ["-n", "-l"],
    values: FORMATS,
    operands: "none",
  },
  "tag --list": {
    flags: "li",
    valued: "n",
    long: [...COMMON_LONG, "--list"],
    words: ["-n", "-l"],
    values: FORMATS,
  },
  "rev-parse": {
    flags: "q",
    long:
      ("--show-toplevel --git-dir --absolute-git-dir --git-common-dir --abbrev-ref? --short? --verify --quiet --symbolic " +
        "--symbolic-full-name --is-inside-work-tree --is-inside-git-dir --is-bare-repository --is-shallow-repository --show-prefix " +
        "--show-cdup --show-superproject-working-tree --git-path= --all --branches? --tags? --remotes?")
        .split(" "),
  },
  "ls-files": {
    flags: "cdmosuktvzi",
    valued: "xX",
    long:
      ("--others --exclude-standard --cached --modified --deleted --stage --unmerged --killed --full-name --error-unmatch --eol " +
        "--exclude= --directory --no-empty-directory --ignored --deduplicate").split(" "),
  },
  "ls-tree": {
    flags: "rdtlz",
    long: ["--name-only", "--name-status", "--full-name", "--full-tree", "--long", "--abbrev?"],
  },
  "cat-file": { flags: "ptse", operands: { max: 2 } },
  "for-each-ref": { valued: "", long: COMMON_LONG, values: FORMATS },
  "show-ref": {
    flags: "dsq",
    long: ["--head", "--heads", "--tags", "--verify", "--hash?", "--abbrev?", "--dereference", "--quiet"],
  },
  "show-branch": {
    flags: "ar",
    long: ["--all", "--remotes", "--current", "--list", "--sha1-name", "--no-name"],
  },
  "merge-base": {
    flags: "a",
    long: ["--all", "--octopus", "--is-ancestor", "--fork-point", "--independent"],
  },
  "name-rev": { long: ["--tags", "--name-only", "--always", "--refs="] },
  "describe": {
    long: [
      "--tags",
      "--all",
      "--always",
      "--long",
      "--abbrev=",
      "--match=",
      "--exclude=",
      "--exact-match",
      "--contains",
      "--first-parent",
      "--candidates=",
    ],
  },
  "blame": {
    flags: "wlstfnepcb",
    valued: "LMC",
    words: ["-M", "-C"],
    long: [
      "--since=",
      "--date=",
      "--line-porcelain",
      "--porcelain",
      "--show-email",
      "--show-name",
      "--no-textconv",
      "--root",
      "--first-parent",
      "--abbrev=",
    ],
  },
  "grep": {
    flags: "nilLcwEFPrvhHopWqzaIG",
    valued: "eABCmf",
    digits: true,
    long:
      ("--cached --untracked --no-index --no-exclude-standard --exclude-standard --line-number --ignore-case --count --name-only " +
        "--files-with-matches --files-without-match --word-regexp --extended-regexp --fixed-strings --perl-regexp --invert-match " +
        "--only-matching --heading --break --color? --no-color --show-function --function-context --max-depth= --threads= --and --or " +
        "--not --all-match --quiet --text --no-textconv --recursive --full-name --context= --after-context= --before-context=")
        .split(" "),
  },
  "check-ignore": { flags: "vnqz", long: ["--verbose", "--non-matching", "--no-index", "--quiet"] },
  "check-attr": { flags: "az", long: ["--all", "--cached"] },
  "count-objects": { flags: "vH", long: ["--verbose", "--human-readable"], operands: "none" },
  "remote": { flags: "v", long: ["--verbose"], operands: "none" },
  "remote get-url": { ...NAMES, long: ["--all", "--push"] },
  "stash list": LOG,
  "stash show": LOG,
  "worktree list": { flags: "vz", long: ["--porcelain", "--verbose"], operands: "none" },
  "notes list": NAMES,
  "notes show": NAMES,
  "config": {
    flags: "lz",
    words: ["--get=", "--get-all=", "--get-regexp=", "--list"],
    long: [
      "--show-origin",
      "--show-scope",
      "--global",
      "--local",
      "--system",
      "--worktree",
      "--name-only",
      "--null",
      "--bool",
      "--int",
      "--path",
      "--includes",
    ],
    operands: { max: 1, pattern: /^[A-Za-z][\w-]*\.[^\s=]+$/ },
  },
  "config list": {
    long: ["--show-origin", "--show-scope", "--global", "--local", "--system"],
    operands: "none",
  },
  "config get": {
    long: ["--all", "--show-origin", "--show-scope", "--global", "--local"],
    operands: { max: 1, pattern: /^[A-Za-z][\w-]*\.[^\s=]+$/ },
  },
  "version": { long: ["--build-options"], operands: "none" },
};

/** Settings that change how output looks and nothing else. */
const PLAIN_SETTING = /^(?:color\.[a-z]+|core\.quotepath|core\.abbrev|log\.date)=[a-z0-9-]+$/i;

/** Judges a call of git. */
function judgeGit(args: readonly Arg[]): Judgement {
  let at = 0;
  const folders: string[] = [];
  for (; at < args.length; at++) {
    const arg = args[at];
    if (arg === undefined || !arg.exact) {
      return unknown("git-option", "A word before the subcommand is not known before it runs");
    }
    if (!arg.text.startsWith("-")) break;
    const value = args[at + 1];
    if (arg.text === "--version") return { known: true, grants: [] };
    if (arg.text === "-C") {
      if (value?.exact !== true || value.text.startsWith("-")) {
        return unknown("git-option", "The folder after -C is not known");
      }
      folders.push(value.text);
      at++;
    } else if (arg.text === "-c") {
      if (value?.exact !== true || !PLAIN_SETTING.test(value.text)) {
        return unknown("git-setting", "The setting after -c may start a program");
      }
      at++;
    } else if (
      !/^(?:--no-pager|-P|--no-optional-locks|--literal-pathspecs|--no-replace-objects)$/.test(arg.text)
    ) {
      return unknown("git-option", `The option ${arg.text} of git is not known to only read`);
    }
  }
  const problem = subcommandProblem(args.slice(at));
  if (problem !== undefined) return unknown("git-subcommand", problem);
  return { known: true, grants: [], repository: folders.reduce(joinFolder, "") };
}

function subcommandProblem(args: readonly Arg[]): string | undefined {
  const [subcommand, next] = args.map((arg) => (arg.exact ? arg.text : ""));
  if (subcommand === undefined || subcommand === "") {
    return "There is no subcommand that is known before it runs";
  }
  const two = `${subcommand} ${next === "-l" && subcommand === "tag" ? "--list" : next ?? ""}`;
  const isTwo = Object.hasOwn(SUBCOMMANDS, two);
  const key = isTwo ? two : subcommand;
  const rule = Object.hasOwn(SUBCOMMANDS, key) ? SUBCOMMANDS[key] : undefined;
  if (rule === undefined) return `"git ${subcommand}" is not known to only read with these arguments`;
  const { operands: _operands, ...options } = rule;
  const parsed = parseArguments(options, args.slice(isTwo ? 2 : 1));
  if (!parsed.ok) return parsed.reason;
  return operandProblem(rule, parsed.operands);
}

/** Joins folders the way `cd` and `git -C` do. */
export function joinFolder(folder: string, next: string): string {
  if (next === "" || next === ".") return folder;
  if (folder === "" || next.startsWith("/")) return next;
  return `${folder}/${next}`;
}

/** git. */
export const GIT: readonly ProgramRule[] = [
  {
    names: ["git"],
    judge: judgeGit,
    match: [
      "git status",
      "git -C repo status",
      "git status --porcelain=v2 -b",
      "git log --oneline -n 20 -- src",
      "git log -p -3 --format='%h %an %s'",
      "git diff HEAD~1 --stat",
      "git show HEAD:src/main.ts",
      "git branch -a",
      "git branch --list 'feat*'",
      "git branch --show-current",
      "git branch --merged main",
      "git tag -l 'v*'",
      "git remote -v",
      "git config --get user.name",
      "git config --list",
      "git config user.email",
      "git stash list",
      "git blame -L 1,20 f",
      "git grep -n NOTE",
      "git rev-parse --short HEAD",
      "git rev-parse --abbrev-ref HEAD",
      "git --no-pager log -1",
      "git ls-files -o --exclude-standard",
      "git describe --tags --always",
      "git shortlog -sn",
      "git worktree list",
      "git -c color.ui=never diff",
    ],
    not_match: [
      "git -C /tmp/status commit -m x",
      "git diff --output=f",
      "git diff --outp=f",
      "git diff --output f",
      "git log --output=f",
      "git show --ext-diff",
      "git diff --textconv",
      "git log --ext-diff -p",
      "git -c core.fsmonitor=./x status",
      "git -c core.pager=./x -p log",
      "git -c alias.x='!touch f' x",
      "git -p log",
      "git --paginate log",
      "git --exec-path=. status",
      "git --git-dir=x status",
      "git --work-tree=x status",
      "git --config-env=core.fsmonitor=X status",
      "git grep -O./x y",
      "git grep --open-files-in-pager=./x y",
      "git grep --open=./x y",
      "git branch x",
      "git branch -v x",
      "git branch -d x",
      "git branch -l x",
      "git tag x",
      "git tag -d x",
      "git config a.b c",
      "git config --unset a.b",
      "git config -e",
      "git config -f f a.b c",
      "git remote add x y",
      "git remote update",
      "git remote show origin",
      "git stash",
      "git stash pop",
      "git reflog expire --all",
      "git worktree add x",
      "git fetch",
      "git ls-remote --upload-pack=./x .",
      "git archive -o f HEAD",
      "git log --format=%G?",
      "git log --show-signature",
      "git status -v",
      "git $X",
      "git status $X",
      "git help -w status",
      "git bisect run ./x",
      "git rebase -x ./x HEAD~1",
      "git submodule foreach ./x",
      "git cat-file --textconv HEAD:f",
      "git log -Of",
      "git log *",
      "git checkout .",
      "git clean -fdx",
      "git apply f",
      "git format-patch -1",
      "git bundle create f HEAD",
      "git diff --submodule=diff",
    ],
  },
];
