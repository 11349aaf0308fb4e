/** Yields `{ id, data }` of a body of server-sent events; `onLine` hears of every line, comments too. */
export async function* readEvents(body, onLine) {
  let id = null;
  let data = [];
  for await (const line of linesOf(body)) {
    onLine();
    if (line.startsWith("id: ")) id = line.slice("id: ".length);
    else if (line.startsWith("data: ")) data.push(line.slice("data: ".length));
    else if (line === "" && data.length > 0) {
      yield { id, data: data.join("\n") };
      data = [];
    }
  }
}

async function* linesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (pending + value).split("\n");
    pending = lines.pop();
    yield* lines;
  }
}
