/** A request as a line for a shell; the key stays out of it, since such lines are pasted where others read. */
export function curlLine(origin, body) {
  const { stream_options: _, ...fields } = body;
  const json = JSON.stringify(fields).replaceAll("'", "'\\''");
  return [
    `curl -N ${origin}/v1/chat/completions`,
    '-H "Authorization: Bearer $LAPIDARY_KEY"',
    '-H "Content-Type: application/json"',
    `-d '${json}'`,
  ].join(" \\\n  ");
}
