/**
 * The reach of a coordinator in a fleet: requests to hosts, who takes part now, and the coordinator's own parts.
 */
import type { OperationName, ParamsOf } from "../../protocol/operation.ts";
import type { Spool } from "../../parts/spool.ts";
import type { Ticket } from "../../protocol/part.ts";
import type { RunId } from "../../protocol/run.ts";
import { OperationError } from "../../errors.ts";
import { chooseHosts } from "../choose_hosts.ts";
import type { AgentRef, AgentSummary, Hosts } from "../fleet.ts";
import type { LocalSpool, Ports } from "./ports.ts";
import type { MapReduceRequest } from "./request.ts";

/** What a coordinator has of its own. */
export interface ReachOptions {
  readonly spool: Spool;
  /** Where hosts take the coordinator's parts, as `formatAddress` writes it. */
  readonly ownAddress: () => string;
}

/** Makes the ports of one run; disposing of them ends the use of its parts. */
export type Reach = (run: { readonly id: RunId; readonly ticket: Ticket }) => Promise<Ports & Disposable>;

/** Makes what makes the ports of a run. */
export function createReach(
  fleet: Hosts,
  { target, includeSelf }: Pick<MapReduceRequest, "target" | "includeSelf">,
  { spool, ownAddress }: ReachOptions,
): Reach {
  const choose = (agents: readonly AgentSummary[]): readonly AgentRef[] => {
    try {
      return chooseHosts(agents, { target, includeSelf }).hosts;
    } catch (error) {
      // Everybody that it meant has left; others may come.
      if (error instanceof OperationError) return [];
      throw error;
    }
  };
  return async ({ id, ticket }) => {
    const key = { run: id, ticket };
    let hosts = choose(await fleet.present());
    const use = spool.join(key);
    const own: LocalSpool = {
      async addRange(name, range) {
        const { path, start, end, stamp } = range;
        await use.parts.addRange(name, { path, start, end }, { stamp });
      },
      addBytes: (name, bytes) => void use.parts.addBytes(name, bytes),
      async remove() {
        // Dropping waits for whoever uses them, and that is nobody any more.
        use[Symbol.dispose]();
        await spool.drop(key);
      },
    };
    return {
      async request(host, { op, params }, options) {
        // Made by the plan in the operation's shape; the host checks them.
        const call = { op: op as OperationName, params: params as ParamsOf<OperationName> };
        return (await fleet.call(host, call, options)).result;
      },
      addressOf: (host) => fleet.addressOf(host),
      hosts: () => hosts,
      onHostsChange(listener) {
        let isStopped = false;
        let isLooking = false;
        let hasChanged = false;
        const look = async () => {
          hasChanged = true;
          if (isLooking) return;
          isLooking = true;
          try {
            // What changes during a look is looked at after it.
            while (hasChanged && !isStopped) {
              hasChanged = false;
              hosts = choose(await fleet.present());
              if (!isStopped) listener();
            }
          } catch (error) {
            // Without a connection nobody is known to have left: requests fail by themselves, and are tried again.
            if (!(error instanceof OperationError)) throw error;
          } finally {
            isLooking = false;
          }
        };
        const stop = fleet.onAgentsChange(() => void look());
        return () => {
          isStopped = true;
          stop();
        };
      },
      self: {
        get address() {
          return ownAddress();
        },
        spool: own,
      },
      now: () => performance.now(),
      [Symbol.dispose]: () => use[Symbol.dispose](),
    };
  };
}
