/**
 * Programs that ask the network, and those that show how the host is connected. Everything they send must be known before they run:
 * what a command fills in could carry away what it read.
 */
import { known, type ProgramRule, unknown } from "./program.ts";

const HOST = /^[A-Za-z0-9][\w.:-]{0,252}$/;
const QUERY = /^(?:[A-Za-z0-9_][\w.:/-]{0,252}|@[\w.:-]+|\+[a-z]+(?:=\d+)?|\+no[a-z]+)$/;

/** Network. curl and wget are left out: a request can change the other side. */
export const NETWORK: readonly ProgramRule[] = [
  {
    names: ["ping", "ping6"],
    grants: ["network"],
    exact: true,
    judge: (args) => {
      const text = args.map((arg) => (arg.exact ? arg.text : " ")).join(" ");
      const isCounted =
        /^(?=.*(?:^| )-c ?\d{1,2}(?: |$))(?:-(?:c ?\d{1,2}|[Wwit] ?\d{1,2}(?:\.\d+)?|[46nqO]+) )*[A-Za-z0-9][\w.:-]*(?: -c ?\d{1,2})?$/
          .test(text);
      return isCounted
        ? known(["network"])
        : unknown("option", "Only ping with a count (-c) and plain options is known");
    },
    match: ["ping -c 3 example.com", "ping -c1 -W 2 10.0.0.1", "ping 10.0.0.1 -c 2"],
    not_match: [
      "ping example.com",
      "ping -f -c 3 h",
      "ping -c 1 `cat f`.example.com",
      "ping -c 3 -p ff h",
      "ping -c 1 $X",
      "ping -c 999 h",
    ],
  },
  {
    names: ["dig"],
    grants: ["network"],
    exact: true,
    flags: "46",
    valued: "tcpx",
    operands: QUERY,
    match: ["dig example.com", "dig +short @1.1.1.1 example.com MX", "dig -x 1.1.1.1"],
    not_match: ["dig -f f", "dig -k f x", "dig $(cat f).example.com", "dig $X", "dig -y a:b x"],
  },
  {
    names: ["host", "nslookup"],
    grants: ["network"],
    exact: true,
    flags: "a4v6",
    valued: "tW",
    words: [
      "-type=A",
      "-type=MX",
      "-type=TXT",
      "-type=NS",
      "-type=any",
      "-type=AAAA",
      "-type=SOA",
      "-type=CNAME",
    ],
    operands: HOST,
    match: [
      "host example.com",
      "nslookup example.com 1.1.1.1",
      "host -t MX example.com",
      "nslookup -type=MX example.com",
    ],
    not_match: ["host `cat f`.example.com", "host -l example.com x$X", "nslookup - f"],
  },
  {
    names: ["traceroute", "tracepath"],
    grants: ["network"],
    exact: true,
    flags: "n46I",
    valued: "mwq",
    operands: HOST,
    match: ["traceroute -n example.com", "tracepath example.com"],
    not_match: ["traceroute $X", "traceroute --sport=1 -U x", "traceroute -M ./x h"],
  },
  {
    names: ["ss"],
    os: ["linux"],
    grants: ["network", "host-processes"],
    flags: "altunprxw046eimosHOZ",
    long: [
      "--listening",
      "--tcp",
      "--udp",
      "--numeric",
      "--processes",
      "--all",
      "--summary",
      "--no-header",
      "--ipv4",
      "--ipv6",
      "--unix",
    ],
    operands:
      /^(?:state|established|listening|connected|sport|dport|=|eq|:\w+|and|or|src|dst|[\d.]+(?:\/\d+)?)$/,
    match: ["ss -tlnp", "ss -s", "ss -tan state established", "ss -tn sport = :22"],
    not_match: [
      "ss -K dst 1.2.3.4",
      "ss -D f",
      "ss -tK",
      "ss --kill",
      "ss -F f",
      "ss --diag=f",
      "ss -E",
      "ss $X",
    ],
  },
  {
    names: ["netstat"],
    grants: ["network", "host-processes"],
    flags: "atulnprseWgiv46xL",
    valued: "f",
    operands: "none",
    match: ["netstat -tlnp", "netstat -rn", "netstat -an"],
    not_match: ["netstat -c x", "netstat $X", "netstat -z"],
  },
  {
    names: ["ip"],
    os: ["linux"],
    grants: ["network"],
    judge: (args) => {
      const words = args.map((arg) => (arg.exact ? arg.text : " "));
      while (
        /^-(?:4|6|s|d|br|brief|o|oneline|j|json|p|pretty|c|color=never|stats|details)$/.test(words[0] ?? "")
      ) words.shift();
      const [object, action, ...rest] = words;
      const isObject = /^(?:a|addr|address|l|link|r|route|rule|n|neigh|neighbour|neighbor|maddr|tunnel)$/
        .test(object ?? "");
      const isShown = action === undefined || /^(?:show|list|ls)$/.test(action) ||
        (action === "get" && /^r/.test(object ?? ""));
      // Words that no object takes for an action.
      const isPlain = rest.every((word) =>
        /^(?:dev|up|scope|global|link|host|table|main|all|from|to|via|type|master|[\w.:/@-]*[\d.:][\w.:/@-]*|[a-z]{2,5}\d*)$/
          .test(word)
      );
      return isObject && isShown && isPlain
        ? known(["network"])
        : unknown("option", "Only showing is known to only read");
    },
    match: [
      "ip a",
      "ip addr show eth0",
      "ip -br link",
      "ip route",
      "ip route get 1.1.1.1",
      "ip -s link show dev eth0",
    ],
    not_match: [
      "ip link set eth0 down",
      "ip addr add 1.2.3.4 dev lo",
      "ip route del default",
      "ip netns exec x sh",
      "ip -b f",
      "ip -batch f",
      "ip -force -b f",
      "ip addr flush dev eth0",
      "ip a f dev lo",
      "ip addr save",
      "ip addr $X",
      "ip -n x netns exec x sh",
      "ip vrf exec x sh",
      "ip l s dev lo down",
    ],
  },
  {
    names: ["ifconfig"],
    grants: ["network"],
    flags: "as",
    operands: { max: 1, pattern: /^[a-z]+\d+$/ },
    match: ["ifconfig", "ifconfig -a", "ifconfig eth0"],
    not_match: ["ifconfig eth0 down", "ifconfig eth0 1.2.3.4", "ifconfig eth0 up"],
  },
];
