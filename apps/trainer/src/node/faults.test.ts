import { afterEach, expect, test } from "vitest";
import { faultsFromText, reach, setFaults } from "./faults";

afterEach(() => setFaults(undefined));

const struck = (points: readonly string[]): number[] =>
  points.flatMap((point, i) => {
    try {
      reach(point);
      return [];
    } catch {
      return [i];
    }
  });

test("strikes at the visit it names, or from it on", () => {
  const points = ["write:half:/run/a.json", "write:half:/run/b.json", "remove:/run/a.json", "write:half:/run/c.json"];
  const lines: string[] = [];
  for (const [text, at] of [
    ["EIO@write:half:*", [0]],
    ["EIO@write:half:*.json#2", [1]],
    ["EIO@*a.json#2", [2]],
    ["EIO@write:*#2+", [1, 3]],
    ["trace@write:*, ENOSPC@remove:/run/a.json", [2]],
  ] as const) {
    setFaults(faultsFromText(text, (line) => lines.push(line)));
    expect(struck(points), text).toEqual(at);
  }
  expect(lines).toEqual(points.filter((p) => p.startsWith("write")).map((p) => `fault point ${p}`));
});

test("looks like an error of the system", () => {
  setFaults(faultsFromText("ENOSPC@write:half:*", () => {}));
  expect(() => reach("write:half:/run/a.json")).toThrow(
    expect.objectContaining({ code: "ENOSPC", path: "/run/a.json", errno: expect.any(Number) }),
  );
});

test("refuses what is no fault", () => {
  for (const text of ["kill", "burn@*", "kill@", ""])
    expect(() => faultsFromText(text, () => {})).toThrow(/not a fault/);
});
