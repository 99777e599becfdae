/**
 * Programs that search and compare files.
 */
import type { ProgramRule } from "./program.ts";

/** Options of ripgrep that only read: not `--pre`, `--hostname-bin`, `-z`. */
const RIPGREP_LONG =
  ("--after-context= --before-context= --block-buffered --byte-offset --case-sensitive --color= --column --context= " +
    "--context-separator= --count --count-matches --crlf --debug --encoding= --engine= --field-context-separator= " +
    "--field-match-separator= --files --files-with-matches --files-without-match --fixed-strings --follow --glob= " +
    "--glob-case-insensitive --heading --hidden --iglob= --ignore-case --ignore-file= --include-zero --invert-match --json " +
    "--line-buffered --line-number --line-regexp --max-columns= --max-columns-preview --max-count= --max-depth= " +
    "--max-filesize= --mmap --multiline --multiline-dotall --no-config --no-filename --no-heading --no-ignore " +
    "--no-ignore-vcs --no-ignore-parent --no-ignore-global --no-line-number --no-messages --no-mmap --no-pcre2-unicode " +
    "--no-unicode --null --null-data --one-file-system --only-matching --passthru --pcre2 --pretty --quiet " +
    "--regexp= --replace= --smart-case --sort= --sortr= --stats --text --threads= --trim --type= --type-add= --type-list " +
    "--type-not= --unrestricted --version --vimgrep --with-filename --word-regexp --files-from=").split(" ");

/** Searching and comparing. */
export const SEARCH: readonly ProgramRule[] = [
  {
    names: ["rg"],
    flags: "abcFHiIlLnNopPqsSuUvVwx0.",
    valued: "ABCEfgjmMrtTde",
    long: RIPGREP_LONG,
    match: ["rg -n NOTE src", "rg --files -g '*.ts'", "rg -e 'a|b' .", "rg -C2 --type=ts x", "rg -uuu x"],
    not_match: [
      "rg --pre ./x.sh y",
      "rg --pre=./x.sh y",
      "rg --pr ./x y",
      "rg --hostname-bin ./x --hyperlink-format default y",
      "rg -z x",
      "rg $X",
      `rg x "$Y"`,
    ],
  },
  {
    names: ["fd", "fdfind"],
    flags: "HIuLapisgF1q0V",
    valued: "dteEcSj",
    long:
      ("--hidden --no-ignore --unrestricted --case-sensitive --ignore-case --glob --fixed-strings --absolute-path --follow " +
        "--full-path --print0 --max-depth= --min-depth= --exact-depth= --exclude= --type= --extension= --size= " +
        "--changed-within= --changed-before= --color= --max-results= --quiet --version").split(" "),
    match: ["fd -e ts", "fd --type f x src"],
    not_match: [
      "fd -x rm",
      "fd x -X touch f",
      "fd --exec rm",
      "fd --exec-batch=rm",
      "fd -e ts -x sh -c 'touch f'",
      "fd $X",
    ],
  },
  {
    names: ["tree"],
    flags: "adfihspugFCnrtDxlJqNQAS",
    valued: "LPI",
    long: [
      "--du",
      "--dirsfirst",
      "--noreport",
      "--gitignore",
      "--prune",
      "--inodes",
      "--device",
      "--matchdirs",
      "--ignore-case",
    ],
    match: ["tree -L 2", "tree -a -I node_modules src"],
    not_match: ["tree -o f", "tree -of", "tree -L 2 -R -H .", "tree --output f", "tree $X"],
  },
  {
    names: ["diff"],
    flags: "aBbcdeEHiNnpqrstTuwyZ",
    valued: "CUILxXWSF",
    digits: true,
    long:
      ("--brief --report-identical-files --recursive --new-file --unified? --context? --color? --ignore-all-space " +
        "--ignore-space-change --ignore-blank-lines --ignore-case --side-by-side --suppress-common-lines --width= --exclude= " +
        "--text --strip-trailing-cr --label= --minimal --speed-large-files --no-dereference").split(" "),
    match: ["diff -u a b", "diff -rq a b", "diff <(ls a) <(ls b)", "diff --color=never a b"],
    not_match: [
      "diff a b > f",
      "diff --paginate a b",
      "diff -l a b",
      "diff a b | patch",
      "diff <(touch f) b",
      "diff $X b",
    ],
  },
  {
    names: ["file"],
    flags: "bihLNr",
    long: ["--brief", "--mime", "--mime-type", "--mime-encoding", "--dereference", "--no-dereference"],
    match: ["file ./*", "file -b --mime-type f"],
    not_match: ["file -C -m f", "file -bC", "file --compile -m f", "file -z f", "file *"],
  },
];
