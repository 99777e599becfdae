/**
 * A seeded fuzzer of shell commands: takes commands that are known, wraps and joins them, and slips in what writes a canary.
 */
import { PROGRAMS } from "../../../src/safety/programs/mod.ts";
import { attacksOn, EVERYDAY } from "../../corpus/corpus.ts";

/** Makes a stream of numbers between 0 and 1 (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Too slow or too dependent on the machine to run hundreds of times. */
const SLOW =
  /^(?:ping|dig|host |nslookup|traceroute|tracepath|pip|apt|dpkg|rpm|journalctl|systemctl|docker|podman|kubectl|lsof)|sleep|while true/;

const WRAP = [
  "timeout 5 X",
  "nice X",
  "env X",
  "command X",
  "(X)",
  "{ X; }",
  "! X",
  "if X; then Y; fi",
  "for f in a b; do X; done",
  "for f in 'C' '-oC' '-o C' '> C' '-delete'; do Y; done",
  "while read -r f; do X; done < in.txt",
  "echo $(X)",
  'echo "$(X)"',
  "cat <(X)",
  "X | Y",
  "X && Y",
  "X || Y",
  "X; Y",
  "X\nY",
  "cd src && X",
  "X | xargs Y",
  "X | xargs -I{} Y",
  "find . -exec Y {} +",
  "find . -name 'in*' -exec Y {} \\;",
  "LC_ALL=C X",
  "x=C; Y",
  "x=$(X); Y",
  "cat <<E\n$(X)\nE",
  "cat <<E\nX\nE",
  "cat <<'E'\nX\nE",
  "X # Y",
  "case a in a) X;; esac",
  '[ -n "$(X)" ] && Y',
  "[[ -f C ]] || X",
  "X <<< 'Y'",
];
const PAYLOADS = [
  " > C",
  " >> C",
  " -o C",
  " -oC",
  " --output=C",
  " --outp C",
  " | tee C",
  "; touch C",
  "\ntouch C",
  " && rm -f C",
  " $(touch C)",
  " `touch C`",
  " <(touch C)",
  " >(cat > C)",
  " C",
  " in.txt C",
  " -- C",
  " -exec touch C \\;",
  " -delete",
  " -fprint C",
  " $f",
  ' "$f"',
  " $x",
  " ./$f",
  " *",
  " ./*",
  " {-o,C}",
  " -i",
  " -i C",
  " w C",
  " 'w C'",
  " -e 'w C'",
  " '1e touch C'",
  " 2> C",
  " 2>&1",
  " 2>/dev/null",
  " >&2",
  " <C",
  " 3<>C",
  " &> C",
  " & touch C",
  " || touch C",
  " \\; touch C",
  " '; touch C'",
  ' "; touch C"',
  " \\\n touch C",
  " #\ntouch C",
  " -c 'touch C'",
  " ${f:-C}",
  " ${f:=C}",
  " $((x))",
  " $((1+1))",
  " 'BEGIN{print > \"C\"}'",
  " 's/a/b/w C'",
  " <<< C",
  " -I touch",
  " touch C",
  " sh -c 'touch C'",
  " -name 'x' -exec rm C +",
  " --",
  " -",
  "\t",
  "  ",
  " ''",
  ' ""',
];
const CHARACTERS = "\\'\"`$(){}[]<>|&;#!*?~=-\n \t/.aCwe0";

/** Makes one command; `C` in it becomes the canary. */
export function fuzzCommand(random: () => number, canary: string): string {
  const pick = <T>(from: readonly T[]): T => {
    const found = from[Math.floor(random() * from.length)];
    if (found === undefined) throw new RangeError("Cannot pick from nothing");
    return found;
  };
  const edited = (text: string): string => {
    let command = text;
    const edits = 1 + Math.floor(random() * 3);
    for (let edit = 0; edit < edits; edit++) {
      const at = Math.floor(random() * command.length);
      if (random() < 0.4) command = command.slice(0, at) + command.slice(at + 1);
      else command = command.slice(0, at) + pick([...CHARACTERS]) + command.slice(at);
    }
    return command;
  };
  const place = () => {
    // An attack that is edited by a character or two shows what the policy reads in another way than the shell.
    if (random() < 0.3) return edited(pick(ATTACKS));
    let command = pick(BASES);
    if (random() < 0.45) command += pick(PAYLOADS);
    if (random() < 0.2) command = insert(command, pick(PAYLOADS), random);
    return command;
  };
  let command = place();
  for (let level = 0; level < 2 && random() < 0.6; level++) {
    const inner = command;
    const other = place();
    command = pick(WRAP).replace(/[XY]/g, (letter) => (letter === "X" ? inner : other));
  }
  if (random() < 0.4) command = edited(command);
  return command.replaceAll(/\bC\b/g, canary);
}

function insert(command: string, payload: string, random: () => number): string {
  const blanks = [...command.matchAll(/ /g)].map((match) => match.index);
  const at = blanks[Math.floor(random() * blanks.length)] ?? command.length;
  return command.slice(0, at) + payload + command.slice(at);
}

const ATTACKS: readonly string[] = attacksOn({ canary: "C", socket: "socket" }).map(({ command }) => command)
  .filter((command) => command !== "" && !SLOW.test(command));

const BASES: readonly string[] = [
  ...EVERYDAY.map(({ command }) => command),
  ...PROGRAMS.filter((rule) => rule.os === undefined || rule.os.includes("linux")).flatMap((rule) =>
    rule.match
  ),
  ...[
    "sort in.txt",
    "uniq in.txt",
    "sed -n p in.txt",
    "awk '{print}' in.txt",
    "find . -name x",
    "xxd in.txt",
    "git -C repo diff",
    "cat in.txt",
  ],
].filter((command) => !SLOW.test(command));
