/**
 * Runs the command line as a real process with a home of its own, for the tests of `src/cli`.
 */
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

/** What a run left. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temporary home; disposing of it removes it. */
export interface CliHome extends AsyncDisposable {
  readonly folder: string;
  readonly configFile: string;
  /** Runs `remote-agent <words>` with stdin as a pipe that holds `stdin`. */
  run(
    words: readonly string[],
    options?: { readonly env?: Record<string, string>; readonly stdin?: string },
  ): Promise<CliResult>;
}

export async function cliHome(configText?: string): Promise<CliHome> {
  const folder = await Deno.makeTempDir();
  const configFile = `${folder}/config.toml`;
  if (configText !== undefined) await Deno.writeTextFile(configFile, configText, { mode: 0o600 });
  return {
    folder,
    configFile,
    async run(words, { env = {}, stdin = "" } = {}) {
      const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !/^REMOTE_AGENT/.test(name));
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", MAIN, ...words],
        clearEnv: true,
        env: { ...Object.fromEntries(inherited), REMOTE_AGENTS_HOME: folder, ...env },
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const feed = async () => {
        const writer = child.stdin.getWriter();
        try {
          await writer.write(new TextEncoder().encode(stdin));
          await writer.close();
        } catch {
          // A command that reads no input may have ended already.
        }
      };
      const [output] = await Promise.all([child.output(), feed()]);
      const decoder = new TextDecoder();
      return {
        code: output.code,
        stdout: decoder.decode(output.stdout),
        stderr: decoder.decode(output.stderr),
      };
    },
    async [Symbol.asyncDispose]() {
      await Deno.remove(folder, { recursive: true });
    },
  };
}
