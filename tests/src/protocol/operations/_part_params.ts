/** What the parameters of all operations on parts begin with. */
export const KEY = { run: `r_${"a2".repeat(10)}`, ticket: "a2".repeat(16) };
