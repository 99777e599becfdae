/**
 * Where passwords, keys and tokens lie on each system: what file operations neither read nor write in plan and edit mode, and what
 * sandboxes cover. `~` is every user's home. The owner of a host adds to the list, or takes out by "!".
 */
import type { PathSystem } from "./path_tree.ts";

/** What is no key in a folder of keys. */
const SSH = "~/.ssh/!(*.pub|known_hosts|known_hosts.old|known_hosts2|config|config.d|authorized_keys|" +
  "authorized_keys2|allowed_signers)";

/** The same below a home on every system. */
const HOME = [
  SSH,
  ..."~/.gnupg ~/.password-store ~/.pki/nssdb ~/.step/secrets ~/.config/sops/age ~/.config/op".split(" "),
  ..."~/.netrc ~/_netrc ~/.authinfo ~/.authinfo.gpg ~/.git-credentials ~/.config/git/credentials".split(" "),
  ..."~/.config/gh/hosts.yml ~/.config/glab-cli/config.yml ~/.config/hub ~/.config/github-copilot".split(" "),
  // Databases.
  ..."~/.pgpass ~/.my.cnf ~/.mylogin.cnf".split(" "),
  // Clouds and clusters.
  ..."~/.aws/credentials ~/.aws/sso/cache ~/.aws/cli/cache ~/.azure ~/.config/gcloud ~/.boto ~/.s3cfg".split(
    " ",
  ),
  ..."~/.kube/config ~/.kube/cache ~/.docker/config.json ~/.config/containers/auth.json".split(" "),
  ..."~/.config/rclone ~/.config/doctl ~/.config/hcloud ~/.fly/config.yml ~/.config/.wrangler".split(" "),
  ..."~/.terraform.d/credentials.tfrc.json ~/.terraformrc ~/.vault-token ~/.config/stripe".split(" "),
  // Package managers.
  ..."~/.npmrc ~/.yarnrc.yml ~/.pypirc ~/.cargo/credentials ~/.cargo/credentials.toml ~/.gem/credentials"
    .split(" "),
  ..."~/.m2/settings.xml ~/.m2/settings-security.xml ~/.gradle/gradle.properties".split(" "),
  ..."~/.composer/auth.json ~/.config/composer/auth.json ~/.nuget/NuGet/NuGet.Config".split(" "),
  // Assistants and models.
  ..."~/.claude/.credentials.json ~/.claude.json ~/.codex/auth.json ~/.gemini/oauth_creds.json".split(" "),
  ..."~/.local/share/opencode/auth.json ~/.huggingface/token ~/.cache/huggingface/{token,stored_tokens}"
    .split(" "),
  // What was typed holds what was typed as a password or token.
  ..."~/.{bash,zsh,sh,ash,ksh,python,psql,mysql,sqlite,rediscli,node_repl}_history".split(" "),
  ..."~/.local/share/fish/fish_history ~/.histfile".split(" "),
  // Wallets.
  ..."~/.bitcoin/wallet.dat ~/.electrum/wallets ~/.ethereum/keystore ~/.config/solana/id.json".split(" "),
];

const UNIX = [
  ..."{,/private}/etc/{sudoers,sudoers.d,krb5.keytab,ssl/private,ipsec.secrets,wireguard}".split(" "),
  ..."{,/private}/etc/{ssh/ssh_host_*_key,postfix/sasl_passwd,letsencrypt/{archive,keys,accounts}}".split(
    " ",
  ),
];

const LINUX = [
  ..."/etc/{shadow,shadow-,gshadow,gshadow-,security/opasswd,pki/tls/private,credstore,credstore.encrypted}"
    .split(" "),
  ..."/etc/{NetworkManager/system-connections,wpa_supplicant,ppp/{chap,pap}-secrets,mysql/debian.cnf}".split(
    " ",
  ),
  ..."/etc/{kubernetes/*.conf,kubernetes/pki/{,etcd/}*.key,rancher/k3s/k3s.yaml,ipsec.d/private,swanctl/private}"
    .split(" "),
  ..."/var/lib/{sss/secrets,sss/db,samba/private,kubelet/pki,systemd/credential.secret,NetworkManager/secret_key}"
    .split(" "),
  ..."/run/{secrets,credentials} /var/run/{secrets,credentials} /etc/pve/priv /tmp/krb5cc_*".split(" "),
  // Other programs' memory and environments, and files that never end.
  ..."/proc/*/{environ,mem} /proc/*/task/*/{environ,mem} /proc/{kcore,kmsg}".split(" "),
  ..."/sys/kernel/{,debug/}tracing/**/trace_pipe".split(" "),
  ..."~/.local/share/{keyrings,kwalletd} ~/.config/{keepassxc,remmina} ~/.local/share/remmina".split(" "),
  ..."~/.mozilla ~/.thunderbird ~/.config/{google-chrome*,chromium,BraveSoftware,microsoft-edge*,opera*,vivaldi*}"
    .split(" "),
  ..."~/snap/{firefox,chromium} ~/.var/app/{org.mozilla.*,com.google.Chrome,org.chromium.*,com.brave.*}"
    .split(" "),
];

const MACOS = [
  ..."{,/private}/etc/master.passwd {,/private}/var/db/dslocal /Library/Keychains ~/Library/Keychains".split(
    " ",
  ),
  ..."~/Library/{Cookies,Safari,Mail,Containers/com.apple.Safari,Group*Containers/*1password*}".split(" "),
  ..."~/Library/Application*Support/{Google/Chrome*,Chromium,Firefox,BraveSoftware,Microsoft*Edge*,Arc,Vivaldi}"
    .split(" "),
  ..."~/Library/Application*Support/{com.operasoftware.*,gcloud,com.apple.TCC}".split(" "),
];

const WINDOWS = [
  ..."[a-z]:/Windows/{System32/config,repair,NTDS,System32/Microsoft/Protect,ServiceProfiles}".split(" "),
  ..."[a-z]:/ProgramData/{ssh/ssh_host_*_key,Microsoft/Crypto,Microsoft/Vault,Microsoft/Wlansvc}".split(" "),
  ..."~/NTUSER.* ~/ntuser.* ~/AppData/{Roaming,Local}/Microsoft/{Credentials,Protect,Vault,Crypto,UsrClass.dat*}"
    .split(" "),
  ..."~/AppData/Roaming/Microsoft/SystemCertificates ~/AppData/Local/Microsoft/TokenBroker".split(" "),
  ..."~/AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine".split(" "),
  ..."~/AppData/Roaming/{gcloud,GitHub*CLI/hosts.yml,NuGet/NuGet.Config,Mozilla,Thunderbird,Opera*Software}"
    .split(" "),
  ..."~/AppData/Local/{Google/Chrome*,Chromium,BraveSoftware,Microsoft/Edge*,Vivaldi,Mozilla}".split(" "),
];

/** Globs of the files of passwords, keys and tokens, by system. */
export const DENIED_PATHS: { readonly [os in PathSystem["os"]]: readonly string[] } = {
  linux: [...HOME, ...UNIX, ...LINUX],
  macos: [...HOME, ...UNIX, ...MACOS],
  windows: [...HOME, ...WINDOWS],
};
