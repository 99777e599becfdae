import assert from "node:assert/strict";
import { DENIED_PATHS } from "../../../src/safety/denied_paths.ts";
import { createPathTree } from "../../../src/safety/path_tree.ts";

const SYSTEMS = {
  linux: { os: "linux", homes: ["/home/ada"], isCaseInsensitive: false },
  macos: { os: "macos", homes: ["/Users/ada"], isCaseInsensitive: true },
  windows: { os: "windows", homes: ["C:\\Users\\ada"], isCaseInsensitive: true },
} as const;

const HOME_SECRETS =
  ".ssh/id_rsa .ssh/my-key .ssh/sub/key .gnupg/x .aws/credentials .kube/config .docker/config.json .netrc .npmrc .pgpass .pypirc .git-credentials .config/gh/hosts.yml .bash_history"
    .split(" ");
const HOME_OPEN =
  ".ssh/id_rsa.pub .ssh/known_hosts .ssh/config .ssh/authorized_keys .bashrc .gitconfig .aws/config .config/git/config projects/.env.example"
    .split(" ");
const DENIED = {
  linux: [
    ..."/etc/shadow /etc/shadow- /etc/gshadow /etc/sudoers /etc/sudoers.d/x /etc/ssl/private/k.pem /run/secrets/token"
      .split(" "),
    ..."/proc/1/environ /proc/1/task/1/environ /proc/77/mem /proc/kcore /proc/kmsg /etc/ssh/ssh_host_rsa_key"
      .split(" "),
    ..."/home/eve/.mozilla/firefox/p/logins.json /home/eve/.config/google-chrome-beta/Default /home/eve/.local/share/keyrings/x"
      .split(" "),
  ],
  macos: [
    "/private/etc/master.passwd",
    "/private/etc/sudoers",
    "/private/var/db/dslocal/nodes/x",
    "/Library/Keychains/x",
    "/Users/eve/Library/Keychains/x",
    "/Users/eve/Library/Application Support/Google/Chrome/Default/Cookies",
    "/private/var/root/.ssh/id",
  ],
  windows: [
    "C:\\Windows\\System32\\config\\SAM",
    "D:\\Windows\\NTDS\\ntds.dit",
    "C:\\Users\\eve\\AppData\\Roaming\\Microsoft\\Credentials\\x",
    "C:\\Users\\eve\\AppData\\Local\\Microsoft\\Vault\\x",
    "C:\\Users\\eve\\NTUSER.DAT",
    "C:\\ProgramData\\ssh\\ssh_host_rsa_key",
    "C:\\Users\\eve\\AppData\\Local\\Google\\Chrome\\User Data\\Default\\Login Data",
  ],
};
const OPEN = {
  linux:
    "/etc/passwd /etc/hosts /etc/ssh/sshd_config /etc/ssh/ssh_host_rsa_key.pub /proc/1/status /proc/cpuinfo /var/log/syslog /run/systemd"
      .split(" "),
  macos: ["/private/etc/hosts", "/Users/ada/Library/Preferences/x.plist"],
  windows: ["C:\\Windows\\System32\\drivers\\etc\\hosts", "C:\\Users\\ada\\AppData\\Local\\Temp\\x"],
};

for (const os of ["linux", "macos", "windows"] as const) {
  const system = SYSTEMS[os];
  const tree = createPathTree(DENIED_PATHS[os], system, { everyHome: true });
  const isDenied = (path: string) => tree.match(path).rule?.isException === false;
  const [home] = system.homes;
  const others = { linux: ["/root", "/home/eve"], macos: ["/Users/eve"], windows: ["D:/Users/eve"] }[os];

  Deno.test(`DENIED_PATHS closes secrets of the system and of every user on ${os}`, () => {
    const secrets = [
      ...DENIED[os],
      ...[home, ...others].flatMap((folder) => HOME_SECRETS.map((name) => `${folder}/${name}`)),
    ];
    assert.deepEqual(secrets.filter((path) => !isDenied(path)), []);
  });

  Deno.test(`DENIED_PATHS leaves open what is no secret on ${os}`, () => {
    const open = [
      ...OPEN[os],
      ...[home, ...others].flatMap((folder) => HOME_OPEN.map((name) => `${folder}/${name}`)),
    ];
    assert.deepEqual(open.filter(isDenied), []);
  });
}
