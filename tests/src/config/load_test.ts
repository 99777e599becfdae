import assert from "node:assert/strict";
import { type LoadOptions, loadSettings } from "../../../src/config/load.ts";
import { Secrets } from "../../../src/config/redact.ts";

const NO_FLAGS = { values: {}, tokenFile: undefined };

async function load(
  given: Partial<LoadOptions> & { readonly file?: string | Uint8Array; readonly mode?: number } = {},
) {
  const { file, mode = 0o600, ...options } = given;
  const folder = await Deno.makeTempDir();
  const configFile = `${folder}/config.toml`;
  const secrets = new Secrets();
  try {
    if (file !== undefined) {
      await Deno.writeFile(configFile, typeof file === "string" ? new TextEncoder().encode(file) : file);
      if (Deno.build.os !== "windows") await Deno.chmod(configFile, mode);
    }
    const loaded = await loadSettings({
      command: "run",
      flags: NO_FLAGS,
      env: {},
      configFile,
      hostName: "web-1",
      stdin: undefined,
      secrets,
      ...options,
    }).catch((error) => {
      // The folder's name changes from run to run.
      error.message = error.message.replaceAll(folder, "");
      throw error;
    });
    const warnings = loaded.warnings.map((text) => text.replaceAll(folder, ""));
    const origins = Object.fromEntries(
      Object.entries(loaded.origins).map(([key, origin]) => [key, origin.replace(folder, "")]),
    );
    return {
      settings: loaded.settings,
      origins,
      warnings,
      secrets: secrets.values,
      tokenFiles: loaded.tokenFiles,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("loadSettings() is content without any source", async () => {
  const { settings, warnings } = await load();
  assert.equal(settings.relay, undefined);
  assert.equal(settings.name, "web-1");
  assert.deepEqual(warnings, []);
});

Deno.test("loadSettings() prefers flag, then environment, then config.toml, then default", async () => {
  const { settings, origins } = await load({
    flags: { values: { room: "by-flag" }, tokenFile: undefined },
    env: { REMOTE_AGENTS_ROOM: "by-env", REMOTE_AGENTS_MODE: "edit" },
    file: 'room = "by-file"\nmode = "bypass"\nname = "by-file"\n',
  });
  const { room, mode, name, max_running } = settings;
  assert.deepEqual({ room, mode, name, max_running }, {
    room: "by-flag",
    mode: "edit",
    name: "by-file",
    max_running: 64,
  });
  assert.equal(origins.room, "flag --room");
  assert.equal(origins.mode, "REMOTE_AGENTS_MODE");
  assert.equal(origins.name, "/config.toml:3");
  assert.equal(origins.max_running, "default");
});

Deno.test("loadSettings() reads a file that begins with a byte order mark", async () => {
  const { settings } = await load({ file: '\ufeffroom = "home"\n' });
  assert.equal(settings.room, "home");
});

Deno.test("loadSettings() knows every secret, also those that are overridden", async () => {
  const { settings, secrets } = await load({
    flags: { values: { token: "by-flag-1" }, tokenFile: undefined },
    env: { REMOTE_AGENTS_TOKEN: "by-env-12", REMOTE_AGENTS_ENCRYPTION_KEY: "key-by-env" },
    file: 'token = "by-file-1"\nencryption_key = "key-by-file"\n',
  });
  assert.equal(settings.token, "by-flag-1");
  assert.deepEqual(
    [...secrets].sort(),
    ["by-env-12", "by-file-1", "by-flag-1", "key-by-env", "key-by-file"],
  );
});

Deno.test("loadSettings() reads the token from a file that a flag or a variable names", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "from-a-file\n");
    const byFlag = await load({ flags: { values: {}, tokenFile: path }, file: 'token = "by-file-1"' });
    assert.equal(byFlag.settings.token, "from-a-file");
    assert.equal(byFlag.origins.token, `flag --token-file (${path})`);
    assert.ok(byFlag.secrets.includes("from-a-file"));
    const byEnv = await load({ env: { REMOTE_AGENTS_TOKEN_FILE: path } });
    assert.equal(byEnv.settings.token, "from-a-file");
    assert.equal(byEnv.origins.token, `REMOTE_AGENTS_TOKEN_FILE (${path})`);
    const real = await Deno.realPath(path);
    assert.deepEqual([byFlag.tokenFiles, byEnv.tokenFiles, (await load()).tokenFiles], [[real], [real], []]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("loadSettings() does not read the variable's token file when a flag gives the token", async () => {
  const env = { REMOTE_AGENTS_TOKEN_FILE: "/nonexistent/token" };
  const { settings } = await load({ env, flags: { values: { token: "by-flag-1" }, tokenFile: undefined } });
  assert.equal(settings.token, "by-flag-1");
});

Deno.test({
  name: "loadSettings() warns of a config.toml with a secret that others can read",
  ignore: Deno.build.os === "windows",
  async fn() {
    const warned = await load({ file: 'token = "12345678"', mode: 0o644 });
    assert.deepEqual(warned.warnings, [
      'Others on this machine can read the secret in /config.toml: run "chmod 600 /config.toml"',
    ]);
    assert.deepEqual((await load({ file: 'room = "home"', mode: 0o644 })).warnings, []);
  },
});

const errors: readonly (readonly [string, Parameters<typeof load>[0], string])[] = [
  [
    "two ways to give the token as flags",
    { flags: { values: { token: "12345678" }, tokenFile: "/x" } },
    "Cannot choose between --token and --token-file: give one of them",
  ],
  [
    "two ways to give the token as variables",
    { env: { REMOTE_AGENTS_TOKEN: "12345678", REMOTE_AGENTS_TOKEN_FILE: "/x" } },
    "Cannot choose between REMOTE_AGENTS_TOKEN and REMOTE_AGENTS_TOKEN_FILE: unset one of them",
  ],
  [
    "an empty flag",
    { flags: { values: { room: "" }, tokenFile: undefined } },
    'Cannot read "room" from flag --room: "" must be 1 to 128 characters',
  ],
  [
    "a wrong line of config.toml even where a flag overrides it",
    { flags: { values: { mode: "edit" }, tokenFile: undefined }, file: '\nmode = "all"' },
    'Cannot read "mode" from /config.toml:2: "all" must be one of "disabled", "plan", "edit", "bypass"',
  ],
  [
    "a config.toml that is not UTF-8",
    { file: new Uint8Array([0xff]) },
    "Cannot read /config.toml: it is not UTF-8",
  ],
  [
    "a config.toml that is too large",
    { file: "#".repeat(65_537) },
    "Cannot read /config.toml: it has 65537 bytes, the limit is 65536",
  ],
];
for (const [what, options, message] of errors) {
  Deno.test(`loadSettings() refuses ${what}`, async () => {
    await assert.rejects(load(options), { name: "ConfigError", message });
  });
}
