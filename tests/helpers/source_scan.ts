/**
 * Reads TypeScript just well enough to see what a file imports and which names its code uses: comments are left out
 * and strings are kept apart. For the tests of the architecture, which must not be fooled by either.
 */

/** A source file taken apart. */
export interface ScannedSource {
  /** The code without comments; each string literal is its index in `strings`, in double quotes. */
  readonly code: string;
  /** The contents of string literals, in order. */
  readonly strings: readonly string[];
  /** What `import`, `export ... from` and `import()` name, in order. */
  readonly imports: readonly string[];
  /** How many `import()` have no literal name; those cannot be checked. */
  readonly computedImports: number;
}

/** After one of these a slash begins a regular expression, else it divides. */
const BEFORE_REGEX =
  /(?:^|[([{,;=:!&|?+\-*%~^<>]|\b(?:return|typeof|case|in|of|do|else|await|yield|throw))\s*$/;
/** Where a regular expression begins, with its character classes, escapes and flags. */
const REGEX = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;

/** Takes a source file apart. */
export function scanSource(text: string): ScannedSource {
  const strings: string[] = [];
  let code = "";
  let at = 0;
  /** For each template literal around `at`: how many braces are open in its `${`. */
  const templates: number[] = [];

  /** Takes the text of a template literal up to its end or to its next `${`. */
  const takeTemplate = () => {
    let content = "";
    let isOpen = true;
    while (isOpen && at < text.length) {
      if (text.startsWith("${", at)) {
        at += 2;
        templates.push(0);
        isOpen = false;
      } else if (text[at] === "`") {
        at++;
        isOpen = false;
      } else content += text[at] === "\\" ? text.slice(at, at += 2) : text[at++];
    }
    strings.push(content);
    code += `"${strings.length - 1}"`;
  };

  while (at < text.length) {
    const character = text[at] ?? "";
    const open = templates.at(-1);
    if (text.startsWith("//", at)) {
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end;
    } else if (text.startsWith("/*", at)) {
      const end = text.indexOf("*/", at + 2);
      at = end < 0 ? text.length : end + 2;
      code += " ";
    } else if (character === '"' || character === "'") {
      const start = ++at;
      while (at < text.length && text[at] !== character) at += text[at] === "\\" ? 2 : 1;
      strings.push(text.slice(start, at++));
      code += `"${strings.length - 1}"`;
    } else if (character === "`") {
      at++;
      takeTemplate();
    } else if (character === "}" && open === 0) {
      at++;
      templates.pop();
      code += " ";
      takeTemplate();
    } else if (character === "/" && BEFORE_REGEX.test(code.slice(-40))) {
      REGEX.lastIndex = at;
      at += REGEX.exec(text)?.[0].length ?? 1;
      code += " /x/ ";
    } else {
      if (open !== undefined && (character === "{" || character === "}")) {
        templates[templates.length - 1] = open + (character === "{" ? 1 : -1);
      }
      code += character;
      at++;
    }
  }
  // Not a value called `from` in a template, nor a field.
  const named = [...code.matchAll(/(?<!["\w.$])(?:from|import)\s*\(?\s*"(\d+)"/g)];
  return {
    code,
    strings,
    imports: named.map(([, index]) => strings[Number(index)] ?? ""),
    computedImports: [...code.matchAll(/\bimport\s*\(\s*(?!\s*"\d+"\s*[,)])/g)].length,
  };
}
