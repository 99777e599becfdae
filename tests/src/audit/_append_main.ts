/**
 * A process that appends to a log until it is killed or done, and says what it was told of each record.
 * Arguments: the folder, how many, how many at the same time.
 */
import { OK, open, request } from "./_audits.ts";

const [folder = "", count = "0", width = "1"] = Deno.args;
const encoder = new TextEncoder();
{
  await using audit = open(folder);
  let next = 0;
  const work = async () => {
    while (next < Number(count)) {
      const name = `${Deno.pid}-${next++}`;
      const begun = await audit.begin(request(name));
      Deno.stdout.writeSync(encoder.encode(`${begun.seq} ${name}\n`));
      await audit.end(begun, OK);
    }
  };
  await Promise.all(Array.from({ length: Number(width) }, work));
}
