/**
 * The prompts and the templates of resources as an MCP client is shown them, word for word. Models and their clients depend on them.
 */
import { listPrompts, writePrompt } from "../../src/mcp/prompts.ts";
import { RESOURCE_TEMPLATES } from "../../src/mcp/resource_list.ts";
import { assertSnapshot } from "../helpers/snapshot.ts";

Deno.test("the prompts are as in their snapshot", async () => {
  const texts = listPrompts().map((prompt) => {
    const values = Object.fromEntries(
      prompt.arguments.map(({ name, required }) => [name, required ? `<${name}>` : ""]),
    );
    return `# ${JSON.stringify(prompt, null, 2)}\n\n${writePrompt(prompt.name, values).text}\n`;
  });
  await assertSnapshot("prompts.txt", texts.join("\n\n"));
});

Deno.test("the templates of resources are as in their snapshot", async () => {
  await assertSnapshot("resource_templates.json", `${JSON.stringify(RESOURCE_TEMPLATES, null, 2)}\n`);
});
