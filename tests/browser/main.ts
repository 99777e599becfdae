/**
 * Shows that the protocol and the cryptography run unchanged in a browser: `deno task test:browser` bundles
 * `checks.ts`, runs it in a page of Chromium and in this process, and compares.
 */
import { chromium } from "npm:playwright-core@1.65.1";
import { fileURLToPath } from "node:url";
import type { NoiseVector } from "../vectors/replay.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";
import { type CheckResult, runChecks } from "./checks.ts";

const CHECKS = fileURLToPath(new URL("checks.ts", import.meta.url));
const PUBLISHED = new URL("../../../shared/vectors/noise_ikpsk2.json", import.meta.url);
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"] as const;
const PAGE = `<!doctype html><title>checks</title><script type="module">
import { runChecks } from "/checks.js";
globalThis.runChecks = runChecks;
</script>`;
const LOAD_TIMEOUT_MS = 60_000;
const RUN_TIMEOUT_MS = 120_000;

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function findBrowser(): Promise<string | undefined> {
  for (const path of [Deno.env.get("CHROMIUM"), ...BROWSERS]) {
    if (path === undefined || path === "") continue;
    const info = await Deno.stat(path).catch(() => undefined); // A path that is not there is not taken.
    if (info?.isFile) return path;
  }
  return undefined;
}

async function readPublished(): Promise<readonly NoiseVector[]> {
  try {
    return JSON.parse(await Deno.readTextFile(PUBLISHED)).vectors;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    print("The published Noise vectors are absent (../shared/vectors): only our own are replayed");
    return [];
  }
}

/** Bundles the checks for browsers and returns the text. */
async function bundleChecks(): Promise<string> {
  await using temporary = await temporaryFolder();
  const output = `${temporary.folder}/checks.js`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", "--format", "esm", "--output", output, CHECKS],
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot bundle the checks: ${new TextDecoder().decode(stderr)}`);
  return await Deno.readTextFile(output);
}

/** Runs the checks in a page that is served on loopback: Web Crypto wants a secure context. */
async function runInBrowser(
  executablePath: string,
  published: readonly NoiseVector[],
): Promise<CheckResult[]> {
  const script = await bundleChecks();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const { pathname } = new URL(url);
    if (pathname === "/checks.js") {
      return new Response(script, { headers: { "content-type": "text/javascript" } });
    }
    if (pathname === "/") return new Response(PAGE, { headers: { "content-type": "text/html" } });
    return new Response(null, { status: 404 });
  });
  // Without its sandbox, because root may not use it; the page is our own.
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: LOAD_TIMEOUT_MS });
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error("Cannot finish: the page took too long")),
    RUN_TIMEOUT_MS,
  );
  try {
    print(`Chromium ${browser.version()}`);
    const page = await browser.newPage();
    page.on("pageerror", (error) => late.reject(error));
    await page.goto(`http://127.0.0.1:${server.addr.port}/`, { timeout: LOAD_TIMEOUT_MS });
    await page.waitForFunction("globalThis.runChecks !== undefined", undefined, { timeout: LOAD_TIMEOUT_MS });
    // The page's script gives exactly what runChecks() of this process gives.
    const results = page.evaluate(`runChecks(${JSON.stringify(published)})`) as Promise<CheckResult[]>;
    return await Promise.race([results, late.promise]);
  } finally {
    clearTimeout(timer);
    await browser.close();
    await server.shutdown();
  }
}

/** Compares both runs; returns how many checks failed. */
function report(inBrowser: readonly CheckResult[], inDeno: readonly CheckResult[]): number {
  const names = new Set([...inBrowser, ...inDeno].map(({ name }) => name));
  let failed = 0;
  for (const name of names) {
    const [page, here] = [inBrowser, inDeno].map((results) => results.find((result) => result.name === name));
    const isSame = page !== undefined && page.actual === here?.actual && page.expected === here.expected;
    if (isSame && page.actual === page.expected) {
      print(`ok      ${name}`);
      continue;
    }
    failed++;
    print(`FAILED  ${name}`);
    print(`        expected  ${here?.expected}`);
    print(`        Chromium  ${page?.actual}`);
    print(`        Deno      ${here?.actual}`);
  }
  print(`${names.size - failed} passed, ${failed} failed`);
  return names.size === 0 ? 1 : failed;
}

const executablePath = await findBrowser();
if (executablePath === undefined) {
  print(
    `Cannot find Chromium (looked for ${BROWSERS.join(", ")}): install it with "apt-get install chromium",`,
  );
  print("or set CHROMIUM to the path of one");
  print("0 passed, 1 failed");
  Deno.exit(1);
}
const published = await readPublished();
Deno.exitCode = report(await runInBrowser(executablePath, published), await runChecks(published)) === 0
  ? 0
  : 1;
