import { expect, test } from "vitest";
import { plainWgsl } from "./plain-wgsl";

test("a shader keeps its lines and names, and loses comments, indentation and empty lines", () => {
  const code = `// what it does
const WG: u32 = 64u; // lanes

/* more
   of it */
fn f(x: f32) -> f32 {
  return x / 2.0; // half
}
`;
  expect(plainWgsl(code)).toBe("const WG: u32 = 64u;\nfn f(x: f32) -> f32 {\nreturn x / 2.0;\n}");
});
