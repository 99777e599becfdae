/**
 * A hostile relay that does all it can, at random; then it behaves, and everything works again.
 */
import { runCampaign } from "../helpers/hostile_campaign.ts";

Deno.test("a relay that does everything at random achieves nothing but delay and loss", async () => {
  const seed = Number(Deno.env.get("HOSTILE_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  try {
    await runCampaign(seed);
  } catch (cause) {
    throw new Error(`The campaign failed; run it again with HOSTILE_SEED=${seed}`, { cause });
  }
});
