/**
 * Containers and clusters: only what shows.
 */
import type { ArgumentRule, ProgramRule } from "./program.ts";

const LIST: ArgumentRule = {
  flags: "aqls",
  valued: "fn",
  long: [
    "--all",
    "--quiet",
    "--filter=",
    "--format=",
    "--no-trunc",
    "--last=",
    "--latest",
    "--size",
    "--digests",
  ],
};
const INSPECT: ArgumentRule = { flags: "s", valued: "f", long: ["--format=", "--size", "--type="] };
const SHOWN: ArgumentRule = { valued: "f", long: ["--format="] };
const LOGS: ArgumentRule = {
  flags: "ft",
  valued: "n",
  long: ["--tail=", "--since=", "--until=", "--timestamps", "--follow", "--details"],
};

/** Here -f would name another file, which can start builds. */
const COMPOSE: ArgumentRule = { flags: "aq", long: ["--all", "--quiet", "--format="] };

const GET: ArgumentRule = {
  flags: "Aw",
  valued: "nolLc",
  long:
    ("--all-namespaces --namespace= --output= --selector= --show-labels --no-headers --sort-by= --field-selector= --watch " +
      "--context= --container= --tail= --since= --timestamps --previous --all-containers --follow --limit= --show-kind")
      .split(" "),
  values: { "-o": /^(?:json|yaml|wide|name)$/, "--output": /^(?:json|yaml|wide|name)$/ },
  exact: true,
};

/** Containers. */
export const CONTAINERS: readonly ProgramRule[] = [
  {
    names: ["docker", "podman"],
    grants: ["unix-sockets"],
    subcommands: {
      "ps": LIST,
      "images": LIST,
      "inspect": INSPECT,
      "logs": LOGS,
      "version": SHOWN,
      "info": SHOWN,
      "top": {},
      "port": {},
      "diff": {},
      "history": LIST,
      "stats": { flags: "a", long: ["--no-stream", "--all", "--format=", "--no-trunc"] },
      "volume ls": LIST,
      "volume inspect": INSPECT,
      "network ls": LIST,
      "network inspect": INSPECT,
      "container ls": LIST,
      "container inspect": INSPECT,
      "container logs": LOGS,
      "image ls": LIST,
      "image inspect": INSPECT,
      "system df": { flags: "v", long: ["--verbose", "--format="] },
      "compose ps": COMPOSE,
      "compose ls": COMPOSE,
      "compose images": COMPOSE,
    },
    match: [
      "docker ps -a",
      "docker logs --tail=50 web",
      "docker inspect -f '{{.State}}' web",
      "docker images",
      "docker network ls",
    ],
    not_match: [
      "docker run x",
      "docker exec web touch f",
      "docker rm web",
      "docker -H tcp://h ps",
      "docker --config ./x ps",
      "docker cp a:b c",
      "docker save -o f x",
      "docker system prune -f",
      "docker volume rm x",
      "docker ps $X",
      "docker --context x ps",
      "docker compose -f x ps",
      "docker compose up",
    ],
  },
  {
    names: ["kubectl"],
    grants: ["network"],
    subcommands: {
      "get": GET,
      "describe": GET,
      "logs": { ...GET, flags: "fpw" },
      "top": GET,
      "version": { long: ["--client", "--output="], operands: "none" },
      "api-resources": GET,
      "cluster-info": { operands: "none" },
      "config current-context": { operands: "none" },
      "config get-contexts": { operands: "none" },
    },
    match: [
      "kubectl get pods -A",
      "kubectl describe pod web -n prod",
      "kubectl logs web --tail=20",
      "kubectl get svc -o json",
    ],
    not_match: [
      "kubectl delete pod x",
      "kubectl exec x -- sh",
      "kubectl apply -f f",
      "kubectl --kubeconfig=f get pods",
      "kubectl get pods --kubeconfig f",
      "kubectl get pods --cache-dir=x",
      "kubectl cp a b",
      "kubectl get pods --profile=cpu --profile-output=f",
      "kubectl cluster-info dump --output-directory=x",
      "kubectl get $X",
      "kubectl config set-context x",
      "kubectl get pods -o go-template-file=f",
    ],
  },
];
