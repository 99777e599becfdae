import assert from "node:assert/strict";
import { CardError, type VerifiedCard } from "../../../src/crypto/seal.ts";
import { createCardIntake } from "../../../src/peer/card_intake.ts";
import { createTasks } from "../../../src/peer/tasks.ts";
import { sampleAddress, sampleCard } from "../../helpers/sample_card.ts";

/** An intake whose cards are opened when the test says so; their number is the first byte of address and card. */
function start() {
  const tasks = createTasks();
  const log: string[] = [];
  const opening: { n: number | undefined; gate: PromiseWithResolvers<VerifiedCard> }[] = [];
  const intake = createCardIntake({
    open(_address, sealed) {
      const gate = Promise.withResolvers<VerifiedCard>();
      opening.push({ n: sealed[0], gate });
      return gate.promise;
    },
    onCard: (address, { card }) => void log.push(`${address[0]} ${card.name}`),
    onBadCard: (address, error) => void log.push(`${address[0]} bad: ${error.message}`),
    tasks,
  });
  const receive = (n: number) => intake.receive(sampleAddress(n), new Uint8Array([n]));
  return { tasks, log, opening, intake, receive };
}

Deno.test("receive() takes cards in the order in which they came, however long each check takes", async () => {
  const { tasks, log, opening, intake, receive } = start();
  for (const n of [1, 2, 3]) receive(n);
  intake.after(() => void log.push("after"));
  opening[2]?.gate.resolve(sampleCard({ name: "third" }));
  opening[0]?.gate.resolve(sampleCard({ name: "first" }));
  opening[1]?.gate.reject(new CardError("not its own"));
  await tasks.settled();
  assert.deepEqual(log, ["1 first", "2 bad: not its own", "3 third", "after"]);
});

Deno.test("after() acts at once if no card is being checked", () => {
  const { log, intake } = start();
  intake.after(() => void log.push("after"));
  assert.deepEqual(log, ["after"]);
});

Deno.test("receive() checks a bounded number of cards at once, and all in the end", async () => {
  const { tasks, log, opening, receive } = start();
  for (let n = 0; n < 100; n++) receive(n);
  assert.ok(opening.length < 100);
  for (let done = 0; done < 100;) {
    for (const { n, gate } of opening.slice(done)) {
      gate.resolve(sampleCard({ name: `card-${n}` }));
      done++;
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await tasks.settled();
  assert.deepEqual(log, Array.from({ length: 100 }, (_, n) => `${n} card-${n}`));
});
