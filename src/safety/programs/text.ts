/**
 * Programs that transform text or bytes and can also write files.
 */
import type { ProgramRule } from "./program.ts";

/** Text and bytes. */
export const TEXT: readonly ProgramRule[] = [
  {
    names: ["sort"],
    flags: "bcCdfghiMmnRrsuVz",
    valued: "ktS",
    long:
      ("--numeric-sort --reverse --unique --human-numeric-sort --version-sort --general-numeric-sort --ignore-case " +
        "--key= --field-separator= --stable --zero-terminated --check? --month-sort --random-sort --ignore-leading-blanks " +
        "--dictionary-order --merge --parallel= --buffer-size=").split(" "),
    match: ["sort f", "sort -t: -k3,3n /etc/passwd", "ls | sort -rn | head", "sort --key=2 f"],
    not_match: [
      "sort -o f g",
      "sort -of g",
      "sort -uo f g",
      "sort g -o f",
      "sort --output=f g",
      "sort --out f g",
      "sort --o f g",
      "sort -T /tmp f",
      "sort --compress-program=./x f",
      "sort -S 1 --compress-program ./x f",
      "sort -- -o",
      "sort *",
      "sort $X",
      `sort "$X"`,
      "sort -k -o f",
    ],
  },
  {
    names: ["uniq"],
    flags: "cdDiuz",
    valued: "fsw",
    long: [
      "--count",
      "--repeated",
      "--unique",
      "--ignore-case",
      "--skip-fields=",
      "--skip-chars=",
      "--check-chars=",
    ],
    operands: { max: 1 },
    optionsFirst: true,
    match: ["sort f | uniq -c", "uniq f", "uniq -c -f 1 f"],
    not_match: [
      "uniq a f",
      "uniq -c a f",
      "uniq a -c",
      "uniq - f",
      "uniq ./*",
      "uniq -- a f",
      "uniq ./$X",
      "uniq {a,f}",
    ],
  },
  {
    names: ["shuf"],
    flags: "ezr",
    valued: "in",
    long: ["--head-count=", "--input-range="],
    match: ["shuf -n 1 f", "shuf -i 1-10"],
    not_match: ["shuf -o f g", "shuf --output=f g", "shuf -n1 -of g"],
  },
  {
    names: ["xxd"],
    flags: "pibue",
    valued: "clsg",
    values: { "-c": /^\d+$/, "-l": /^(?:0x)?[\da-f]+$/, "-s": /^(?:0x)?[\da-f]+$/, "-g": /^\d+$/ },
    operands: { max: 1 },
    optionsFirst: true,
    match: ["xxd f", "xxd -l 64 f", "xxd -p f", "head -c 16 f | xxd"],
    not_match: [
      "xxd -r h f",
      "xxd h f",
      "xxd -p -r h f",
      "xxd -revert h f",
      "xxd -pr h f",
      "xxd -- h f",
      "xxd - f",
    ],
  },
  {
    names: ["base64", "base32"],
    flags: "dD",
    valued: "w",
    long: ["--decode", "--wrap="],
    operands: { max: 1 },
    match: ["base64 f", "base64 -w 0 f", "echo eA== | base64 -d"],
    not_match: ["base64 -o f g", "base64 -d f > g", "base64 --output f g", "echo x | base64 -d | sh"],
  },
  {
    names: ["iconv"],
    flags: "cl",
    valued: "ft",
    match: ["iconv -f latin1 -t utf-8 f"],
    not_match: ["iconv -o f g", "iconv --output=f g"],
  },
  {
    names: ["yq"],
    flags: "ercPMCjNy",
    valued: "op",
    long: [
      "--output-format=",
      "--input-format=",
      "--exit-status",
      "--no-colors",
      "--prettyPrint",
      "--unwrapScalar?",
      "--raw-output",
    ],
    values: {
      "-o": /^(?:yaml|y|json|j|props|p|csv|c|tsv|t|xml|x|shell|s|toml|auto|a)$/,
      "--output-format": /^[a-z]+$/,
    },
    operands: /^(?!.*\b(?:system|load\w*|split_doc|env\w*)\b)/,
    match: ["yq .a f.yaml", "yq -r '.a | length' f.yaml", "yq -o json f.yaml"],
    not_match: [
      "yq -i '.a=1' f.yaml",
      "yq -ri '.a=1' f",
      "yq --inplace .a f",
      "yq -s .a f",
      `yq 'system("x")' f`,
      "yq $X f",
    ],
  },
  {
    names: ["bc"],
    os: ["linux"],
    flags: "lq",
    operands: "none",
    match: ["echo 2+2 | bc -l"],
    not_match: ["bc f", "bc -f f", "dc -e '!touch f'"],
  },
  {
    names: ["zcat", "bzcat", "xzcat"],
    flags: "",
    match: ["zcat log.gz | head"],
    not_match: ["zcat -S x f", "gzip f", "gunzip f.gz", "zcat *", "zgrep x f"],
  },
  {
    names: ["tar"],
    judge: (args) => {
      const [key, archive, ...members] = args;
      const isList = key?.exact === true && /^-?[vzjJ]*t[vzjJ]*f$/.test(key.text);
      if (!isList) {
        return { known: false, rule: "option", reason: "Only listing an archive is known to only read" };
      }
      // An archive named host:path is fetched by a remote shell.
      if (archive?.exact !== true || !/^[\w./+~@=-]+$/.test(archive.text) || archive.text.startsWith("-")) {
        return { known: false, rule: "operand", reason: "The name of the archive is not a plain path" };
      }
      if (members.some((member) => !member.exact || member.text.startsWith("-"))) {
        return { known: false, rule: "operand", reason: "A member may be taken for an option" };
      }
      return { known: true, grants: [] };
    },
    match: ["tar tf a.tar", "tar -tzf a.tgz", "tar tvf a.tar src/x"],
    not_match: [
      "tar xf a.tar",
      "tar cf a.tar .",
      "tar tf a.tar --to-command=./x",
      "tar tf a.tar --checkpoint=1 --checkpoint-action=exec=./x",
      "tar -I ./x -tf a",
      "tar tf host:a.tar",
      "tar tf a.tar ./* -I ./x",
      "tar tf $X",
      "tar -tf -Ix",
    ],
  },
  {
    names: ["unzip"],
    judge: (args) => {
      const [key, ...rest] = args;
      const isList = key?.exact === true && /^-(?:l|v|Z1)$/.test(key.text);
      if (isList && rest.every((each) => each.exact && !each.text.startsWith("-"))) {
        return { known: true, grants: [] };
      }
      return { known: false, rule: "option", reason: "Only listing an archive is known to only read" };
    },
    match: ["unzip -l a.zip"],
    not_match: ["unzip a.zip", "unzip -o a.zip", "unzip -l -d x a.zip", "unzip a.zip -l", "unzip $X"],
  },
];
