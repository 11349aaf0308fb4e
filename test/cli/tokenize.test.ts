import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const repository = fileURLToPath(new URL("../..", import.meta.url));

function tokenize(input: string, ...options: string[]) {
  const command = ["cli/lapidary.ts", "tokenize", "weights/demo/model", ...options];
  const { stdout, stderr, status } = spawnSync(process.execPath, command, { cwd: repository, input, encoding: "utf8" });
  return {
    lines: stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as unknown),
    stderr,
    status,
  };
}

describe("lapidary tokenize", () => {
  it("writes a line of ids for each line, markers as text unless --special", () => {
    const input = `${JSON.stringify("What is")}\n${JSON.stringify("<start_of_turn>\n")}\n`;
    const [plain, typed] = tokenize(input).lines as { ids: number[] }[];
    expect(plain).toEqual({ ids: [624, 431] });
    expect(typed!.ids).not.toContain(106);
    expect(tokenize(input, "--special").lines).toEqual([{ ids: [624, 431] }, { ids: [106, 108] }]);
  });

  it("turns its output back into text with --decode", () => {
    expect(tokenize('{"ids":[624,431]}\n[106,108]\n', "--decode").lines).toEqual([
      { text: "What is" },
      { text: "<start_of_turn>\n" },
    ]);
  });

  it("names the line that is wrong", () => {
    const { stderr, status } = tokenize('"a"\n{"text":"a"}\n');
    expect(status).toBe(1);
    expect(stderr).toContain("line 2");
  });
});
