/**
 * Tells the two sides of a peer apart: a message is about a request of its sender, or about one of ours.
 */
import type { Header } from "../protocol/message.ts";

/** Tells whether a message is about a request of its sender, which the host's side takes, or about one of ours. */
export function isForHost(header: Header): boolean {
  switch (header.t) {
    case "request":
    case "cancel":
    case "ping":
      return true;
    case "data":
      return header.channel === "params";
    case "credit":
      return header.channel !== "params";
    default:
      return false;
  }
}
