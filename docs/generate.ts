/**
 * Writes the documentation that follows from the code: `deno task gen`. With `--check` it writes nothing and fails if
 * a page is out of date; CI runs that.
 */
import { fileURLToPath } from "node:url";
import { cliPage } from "./_cli_page.ts";
import { configPage } from "./_config_page.ts";
import { helpTexts, relayHelpText } from "./_help_texts.ts";
import { toolsPage } from "./_tools_page.ts";

/** A generated page. */
export interface Page {
  /** Its name in the folder of this file. */
  readonly name: string;
  readonly text: string;
}

/** Renders every page, formatted as `deno fmt` wants it. */
export async function renderPages(): Promise<Page[]> {
  const pages = [
    { name: "TOOLS.md", text: toolsPage() },
    { name: "CONFIG.md", text: configPage(await relayHelpText()) },
    { name: "CLI.md", text: cliPage(helpTexts()) },
  ];
  return await Promise.all(pages.map(async ({ name, text }) => ({ name, text: await format(text) })));
}

/** The path of a page. */
export function pagePath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Names the pages whose files are missing or differ. */
export async function outdatedPages(pages: readonly Page[]): Promise<string[]> {
  const outdated: string[] = [];
  for (const { name, text } of pages) {
    if (await readIfThere(pagePath(name)) !== text) outdated.push(`docs/${name}`);
  }
  return outdated;
}

async function main(words: readonly string[]): Promise<number> {
  const isCheck = words.includes("--check");
  const pages = await renderPages();
  const outdated = await outdatedPages(pages);
  if (!isCheck) {
    for (const { name, text } of pages) await Deno.writeTextFile(pagePath(name), text);
    say(outdated.length === 0 ? "Nothing has changed" : `Wrote ${outdated.join(", ")}`);
    return 0;
  }
  if (outdated.length === 0) return 0;
  say(`Cannot pass the generated docs: ${outdated.join(", ")} out of date; run "deno task gen"`);
  return 1;
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function format(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  if (code !== 0) throw new Error(`Cannot format a page: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
