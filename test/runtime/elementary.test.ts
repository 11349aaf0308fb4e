import { describe, expect, it } from "vitest";
import { exp, log, MAX_ANGLE, sinesAndCosines } from "../../runtime/elementary.ts";
// Arguments and correctly rounded results, from mpmath at 400 bits; some angles lie as near to n·π/2 as doubles can.
import values from "./elementary-values.json" with { type: "json" };

function sineAndCosine(angle: number) {
  const [sines, cosines] = [new Float64Array(1), new Float64Array(1)];
  sinesAndCosines(Float64Array.of(angle), sines, cosines, 0);
  return { sine: sines[0]!, cosine: cosines[0]! };
}
const sin = (angle: number) => sineAndCosine(angle).sine;
const cos = (angle: number) => sineAndCosine(angle).cosine;

/** Distance in representable numbers. */
function unitsApart(a: number, b: number): number {
  const order = (x: number) => {
    const view = new BigInt64Array(new Float64Array([x]).buffer);
    return view[0]! < 0n ? -(view[0]! & 0x7fff_ffff_ffff_ffffn) : view[0]!;
  };
  const distance = order(a) - order(b);
  return Number(distance < 0n ? -distance : distance);
}

describe.each([
  ["exp", exp],
  ["log", log],
  ["sin", sin],
  ["cos", cos],
] as const)("%s", (name, f) => {
  it("is within one unit in the last place of the true value", () => {
    for (const [x, expected] of values[name] as [number, number][])
      expect(unitsApart(f(x), expected), `${name}(${x}) = ${f(x)}, expected ${expected}`).toBeLessThanOrEqual(1);
  });

  it("agrees with the engine's own function over a dense sweep", () => {
    let worst = 0;
    for (let i = 0; i < 100_000; i++) {
      const t = (i * 0.6180339887498949) % 1;
      const x =
        name === "exp" ? t * 1400 - 700 : name === "log" ? (t + 1e-9) * (i % 7 === 0 ? 1e9 : 2) : (t - 0.5) * 3e6;
      worst = Math.max(worst, unitsApart(f(x), Math[name](x)));
    }
    // One unit for each of the two.
    expect(worst).toBeLessThanOrEqual(2);
  });
});

describe("edges", () => {
  it("exp overflows, underflows and passes NaN on", () => {
    expect(exp(710)).toBe(Number.POSITIVE_INFINITY);
    expect(exp(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(exp(-746)).toBe(0);
    expect(exp(Number.NaN)).toBeNaN();
    expect(exp(0)).toBe(1);
  });

  it("log has its pole at 0 and no value below", () => {
    expect(log(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(log(1)).toBe(0);
    expect(log(-1)).toBeNaN();
    expect(log(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  });

  it("angles beyond the reduction's reach are refused", () => {
    expect(() => sin(MAX_ANGLE * 1.001)).toThrow(RangeError);
    expect(() => cos(Number.NaN)).toThrow(RangeError);
    expect(cos(0)).toBe(1);
  });
});
