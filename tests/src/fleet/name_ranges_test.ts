import assert from "node:assert/strict";
import fc from "fast-check";
import { compareNames, foldNames } from "../../../src/fleet/name_ranges.ts";
import { anyText } from "../../helpers/any_text.ts";

const WIDE = { maxCharacters: Infinity };

const CASES: readonly [readonly string[], string][] = [
  [[], ""],
  [["web"], "web"],
  [["web-7"], "web-7"],
  [["web-10", "web-9", "web-8"], "web-[8-10]"],
  [["web-1", "web-2", "web-3", "web-7"], "web-[1-3,7]"],
  [["db-09", "db-10", "db-08", "db-11"], "db-[08-11]"],
  [["n099", "n100", "n098"], "n[098-100]"],
  [["a9", "a10", "a099", "a100"], "a[9-10,099-100]"],
  [["rack1-n1", "rack1-n2", "rack2-n1"], "rack1-n[1-2],rack2-n1"],
  [["web-1.eu", "web-2.eu", "web-1.us"], "web-[1-2].eu,web-1.us"],
  [["db", "web-2", "web-1", "app1"], "app1,db,web-[1-2]"],
  [["0", "1", "2"], "[0-2]"],
  [["00", "01"], "[00-01]"],
  [["v12345678901234567890", "v12345678901234567891"], "v12345678901234567890,v12345678901234567891"],
  [["a\nb"], "a\\u{a}b"],
];
for (const [names, expected] of CASES) {
  Deno.test(`foldNames() writes ${JSON.stringify(names)} as "${JSON.stringify(expected).slice(1, -1)}"`, () => {
    assert.equal(foldNames(hostsOf(names), WIDE), expected);
    assert.equal(foldNames(hostsOf(names).reverse(), WIDE), expected);
  });
}

Deno.test("foldNames() tells hosts of one name apart by their ids", () => {
  const hosts = [
    { id: "bbbbbbbbbbbbcccccccc", name: "web-1" },
    { id: "bbbbbbbbbbbbdddddddd", name: "web-1" },
    { id: "aaaaaaaaaaaaaaaaaaaa", name: "web-2" },
    { id: "eeeeeeeeeeeeeeeeeeee", name: "db" },
    { id: "ffffffffffffffffffff", name: "db" },
  ];
  assert.equal(
    foldNames(hosts, WIDE),
    "db(eeeeeeee),db(ffffffff),web-1(bbbbbbbbbbbbcccc),web-1(bbbbbbbbbbbbdddd),web-2",
  );
});

Deno.test("foldNames() writes a host twice that is given twice", () => {
  assert.equal(
    foldNames([{ id: "a", name: "web-1" }, { id: "a", name: "web-1" }], WIDE),
    "web-1(a),web-1(a)",
  );
});

const CUTS: readonly [number, string][] = [
  [100, "app[1,3,5,7,9],web-[1-500],x,y"],
  [30, "app[1,3,5,7,9],web-[1-500],x,y"],
  [29, "app[1,3,5,7] ... and 503 more"],
  [23, "app1 ... and 506 more"],
  [3, "... and 507 more"],
];
for (const [maxCharacters, expected] of CUTS) {
  Deno.test(`foldNames() says how many more there are past ${maxCharacters} characters`, () => {
    const names = [
      "y",
      "x",
      ...[1, 3, 5, 7, 9].map((n) => `app${n}`),
      ...range(500).map((n) => `web-${n + 1}`),
    ];
    assert.equal(foldNames(hostsOf(names), { maxCharacters }), expected);
  });
}

Deno.test("foldNames() read back is every name once, in natural order", () => {
  fc.assert(fc.property(fc.uniqueArray(someName(), { maxLength: 60 }), (names) => {
    assert.deepEqual(
      expandNames(foldNames(hostsOf(names), WIDE)).sort(compareNames),
      names.sort(compareNames),
    );
  }));
});

Deno.test("foldNames() keeps to its characters and accounts for every host", () => {
  fc.assert(fc.property(
    fc.uniqueArray(someName(), { minLength: 1, maxLength: 60 }),
    fc.integer({ min: 20, max: 200 }),
    (names, maxCharacters) => {
      const text = foldNames(hostsOf(names), { maxCharacters });
      assert.ok(text.length <= maxCharacters, text);
      const [shown = "", more] = text.split(/ ?\.\.\. and (?=\d+ more$)/);
      const expanded = more === undefined ? expandNames(text) : expandNames(shown);
      assert.equal(expanded.length + (more === undefined ? 0 : Number.parseInt(more)), names.length);
      assert.deepEqual(expanded.filter((name) => !names.includes(name)), []);
    },
  ));
});

Deno.test("foldNames() keeps foreign names on one line", () => {
  fc.assert(fc.property(fc.array(anyText(), { maxLength: 8 }), (names) => {
    assert.doesNotMatch(foldNames(hostsOf(names), WIDE), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  }));
});

Deno.test("foldNames() writes 20 000 names as one range", () => {
  assert.equal(
    foldNames(hostsOf(range(20_000).map((n) => `web-${n}`)), { maxCharacters: 100 }),
    "web-[0-19999]",
  );
});

Deno.test("compareNames() counts as people do", () => {
  const names = [
    "web-10",
    "web-2",
    "Web-1",
    "web",
    "web-02",
    "web-2b",
    "10",
    "9",
    "web-2.a",
    "a1b10",
    "a1b9",
  ];
  assert.deepEqual(names.sort(compareNames), [
    "9",
    "10",
    "Web-1",
    "a1b9",
    "a1b10",
    "web",
    "web-02",
    "web-2",
    "web-2.a",
    "web-2b",
    "web-10",
  ]);
});

Deno.test("compareNames() is an order: only equal names are equal, and it has no circles", () => {
  const name = fc.stringMatching(/^[a.0-2-]{0,6}$/);
  fc.assert(fc.property(name, name, name, (a, b, c) => {
    assert.equal(compareNames(a, b) === 0, a === b);
    assert.equal(Math.sign(compareNames(a, b)), -Math.sign(compareNames(b, a)) + 0);
    if (compareNames(a, b) < 0 && compareNames(b, c) < 0) assert.ok(compareNames(a, c) < 0, `${a} ${b} ${c}`);
  }));
});

/** Reads what `foldNames` writes, if it is whole and all names are different. */
function expandNames(text: string): string[] {
  if (text === "") return [];
  return text.split(/,(?![^[]*\])/).flatMap((item) => {
    const match = /^(.*)\[(.*)\](.*)$/.exec(item);
    if (match === null) return [item];
    const [, prefix, ranges = "", suffix] = match;
    return ranges.split(",").flatMap((part) => {
      const [first = "", last = first] = part.split("-");
      const width = first.startsWith("0") ? first.length : 1;
      return range(Number(last) - Number(first) + 1).map((i) =>
        `${prefix}${String(Number(first) + i).padStart(width, "0")}${suffix}`
      );
    });
  });
}

function someName(): fc.Arbitrary<string> {
  const number = fc.tuple(fc.nat(120), fc.constantFrom(0, 2, 3)).map(([n, width]) =>
    String(n).padStart(width, "0")
  );
  const rest = fc.constantFrom("", ".eu", "b");
  return fc.oneof(
    fc.tuple(fc.constantFrom("web-", "db", "r1-n", "r2-n"), number, rest).map((parts) => parts.join("")),
    fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,5}$/),
  );
}

function hostsOf(names: readonly string[]) {
  return names.map((name, i) => ({ id: `id${i}`, name }));
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
