/**
 * Recognises writing to block devices and formatting them.
 */
import { ANY, ONE, OPEN } from "./fields.ts";
import type { Invocation } from "./invocations.ts";

const NAME =
  "(?:[hsv]d[a-z]+\\d*|xvd[a-z]+\\d*|nvme\\d+(?:n\\d+(?:p\\d+)?)?|mmcblk\\d+\\w*|md\\d+|md/.+|dm-\\d+|mapper/(?!control$).+|" +
  "disk/by-[a-z-]+/.+|loop\\d+\\w*|nbd\\d+\\w*|zram\\d+|zd\\d+|sr\\d+|r?disk\\d+(?:s\\d+)*|bcache\\d+|root|[a-z]+-vg/.+)";
const DEVICE = new RegExp(`^/dev/${NAME}$`);
/** Samples a pattern such as `/dev/sd*` is tried on. */
const SAMPLES = [
  "sda",
  "sda1",
  "sdb",
  "hda",
  "vda",
  "vda1",
  "xvda",
  "nvme0n1",
  "nvme0n1p1",
  "mmcblk0",
  "md0",
  "dm-0",
  "disk0",
  "rdisk0",
  "disk1",
];

/** Whether a word names a block device. */
export function isBlockDevice(word: string): boolean {
  const parts: string[] = [];
  for (const part of word.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  if (!word.startsWith("/") || parts[0] !== "dev" || parts.length < 2) return false;
  const path = `/${parts.join("/")}`;
  if (!path.includes(ANY) && !path.includes(ONE)) return DEVICE.test(path);
  if (path.length > 64) return false;
  const pattern = path.replace(/[^\w/\uE000\uE001-]/g, "").replaceAll(ANY, "[^/]*").replaceAll(ONE, "[^/]");
  return SAMPLES.some((sample) => new RegExp(`^${pattern}$`).test(`/dev/${sample}`));
}

/** Programs that format whatever they are given, and those that do so with certain words. */
const FORMATTERS =
  /^(?:mkfs(?:\..+)?|mke2fs|mkdosfs|mkntfs|mkswap|mkudffs|newfs(?:_.+)?|blkdiscard|pvcreate|cfdisk)$/;
const CHANGING: Readonly<Record<string, RegExp>> = {
  wipefs: /^(?:-[^-]*[ao]|--all|--off)/,
  parted: /^(?:mklabel|mktable|mkpart|rm|resizepart|rescue|set)$/,
  sgdisk: /^(?:-[^-]*[Zoztnd]|--(?:zap|clear|new|delete))/,
  fdisk: /^(?:-[wW]|\/dev\/)/,
  sfdisk: /^(?:--(?:delete|append|wipe|part-type)|-[NX]|\/dev\/)/,
  gdisk: /^\/dev\//,
  hdparm: /^--(?:security-erase|trim-sector|write-sector|format)/,
  badblocks: /^-[^-]*[wn]/,
  cryptsetup: /^(?:luksFormat|reencrypt|erase|luksErase)$/,
  mdadm: /^(?:--create|--zero|-C)/,
  zpool: /^(?:create|destroy|labelclear|replace|add)$/,
  nvme: /^(?:format|sanitize|write)/,
  diskutil: /^(?:erase|partition|zero|random|secureErase|reformat)/i,
  shred: /^[^-]/,
  tee: /^[^-]/,
  truncate: /^[^-]/,
};
/** With these a device is in danger even where only listing was asked for nowhere. */
const LISTING: Readonly<Record<string, RegExp>> = {
  fdisk: /^-[lsx]|^--list/,
  sfdisk: /^-[dlJsTV]|^--(?:dump|list|json|verify)/,
  gdisk: /^-l/,
};

/** Explains which device an invocation would write to or format. */
export function blockDeviceProblem({ name, args, outputs }: Invocation): string | undefined {
  const written = outputs.find(isBlockDevice);
  if (written !== undefined) return `Its output would overwrite the device ${written}`;
  const device = args.find(isBlockDevice);
  if (FORMATTERS.test(name)) {
    if (device !== undefined) return `It would format the device ${device}`;
    const isHelp = args.length === 0 || args.some((arg) => /^(?:-V|--help|--version|-h)$/.test(arg));
    return !isHelp && args.some((arg) => arg.includes(OPEN))
      ? "It would format a device that is not known before it runs"
      : undefined;
  }
  const changing = Object.hasOwn(CHANGING, name) ? CHANGING[name] : undefined;
  if (
    changing !== undefined && args.some((arg) => changing.test(arg)) &&
    !args.some((arg) => LISTING[name]?.test(arg) === true)
  ) {
    const disk = device ??
      (name === "diskutil" ? args.find((arg) => /^r?disk\d/.test(arg)) ?? args.at(-1) : undefined);
    if (disk !== undefined) return `It would overwrite or format the device ${disk}`;
  }
  return copyProblem(name, args);
}

/** Programs that copy: which of their words is written to. */
function copyProblem(name: string, args: readonly string[]): string | undefined {
  let target: string | undefined;
  const after = (pattern: RegExp) =>
    args.map((arg, index) => (pattern.test(arg) ? args[index + 1] ?? "" : "")).find(isBlockDevice);
  switch (name) {
    case "dd":
    case "dcfldd":
    case "dc3dd":
      target = args.filter((arg) => /^h?of=/.test(arg)).map((arg) => arg.slice(arg.indexOf("=") + 1)).find(
        isBlockDevice,
      );
      break;
    case "cp":
    case "mv":
    case "install":
    case "gcp":
    case "ddrescue":
    case "rsync":
      target = [...args.slice(-1), after(/^(?:-t|--target-directory)$/) ?? ""].find(isBlockDevice) ??
        (name === "ddrescue" ? args.slice(1).find(isBlockDevice) : undefined);
      break;
    case "curl":
    case "wget":
      target = after(/^(?:-[a-zA-Z]*[oO]|--output(?:-document)?)$/) ??
        args.map((arg) => arg.replace(/^(?:--output(?:-document)?=|-[oO])/, "")).find(isBlockDevice);
      break;
  }
  return target === undefined ? undefined : `It would overwrite the device ${target}`;
}
