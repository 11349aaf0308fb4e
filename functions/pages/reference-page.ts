import { html, raw } from "hono/html";
import { bodySchemaOf, type JsonSchema, jsonSchemaOf } from "../openapi/json-schema.ts";
import type { Operation } from "../openapi/operation.ts";
import { OPERATIONS } from "../openapi/operations.ts";

const KEYS = { tenant: "API key", admin: "admin key", none: "no key" };

/** Inline in the page; its policy names it by hash. */
export const REFERENCE_STYLE = `
  :root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: light-dark(#1d5f6e, #7cc5d4); }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
  code, pre { font: 0.9em/1.45 ui-monospace, monospace; }
  pre { background: var(--soft); padding: 0.75rem; border-radius: 6px; overflow: auto; max-height: 24rem; }
  a { color: var(--accent); }
  section { border-top: 1px solid var(--line); margin-top: 2rem; padding-top: 0.5rem; }
  h2 code { overflow-wrap: anywhere; }
  .method { color: var(--accent); text-transform: uppercase; }
  table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto; }
  td, th { text-align: left; vertical-align: top; padding: 0.35rem 0.75rem 0.35rem 0; border-bottom: 1px solid var(--line); }
  li code { overflow-wrap: anywhere; }
`;

/** The API's reference as a page without scripts, from the schemas that check requests. */
export function referencePage() {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Lapidary: the API</title>
<style>${raw(REFERENCE_STYLE)}</style>
</head>
<body>
<main>
<h1>The API</h1>
<p>OpenAI's form: point any client's base URL at <code>/v1</code> of this address and send your key as
<code>Authorization: Bearer lap_…</code>. Unknown fields are refused by name, never ignored. The same as a document for
tools: <a href="/openapi.json">openapi.json</a>. To talk: <a href="/">the chat page</a>.</p>
<nav aria-label="Operations"><ul>${OPERATIONS.map(
    (
      operation,
    ) => html`<li><a href="#${anchorOf(operation)}"><code>${nameOf(operation)}</code></a> ${operation.summary}</li>
`,
  )}</ul></nav>
${OPERATIONS.map(operationSection)}
</main>
</body>
</html>`;
}

function operationSection(operation: Operation) {
  const { method, path, summary, security, query, body, status, reply, event, errors } = operation;
  return html`<section id="${anchorOf(operation)}">
<h2><code><span class="method">${method}</span> ${path}</code></h2>
<p>${summary}. Needs ${KEYS[security]}.</p>
${query ? html`<h3>Query</h3>${fieldTable(jsonSchemaOf(query, "input"))}` : ""}
${body ? html`<h3>Body</h3>${fieldTable(bodySchemaOf(body))}` : ""}
<h3>Answer ${status}</h3>
${reply ? schemaBlock(jsonSchemaOf(reply, "output")) : html`<p>Empty.</p>`}
${event ? html`<p>With <code>stream: true</code>, server-sent events, the last one <code>[DONE]</code>:</p>${schemaBlock(jsonSchemaOf(event, "output"))}` : ""}
<p>Errors: ${errors.join(", ")}.</p>
</section>
`;
}

function fieldTable({ properties = {}, required = [] }: JsonSchema) {
  const fields = Object.entries(properties as Record<string, JsonSchema>);
  return html`<table><thead><tr><th scope="col">Field</th><th scope="col">What it may be</th></tr></thead><tbody>
${fields.map(([name, schema]) => {
  const mark = (required as string[]).includes(name) ? html` <b>required</b>` : "";
  return html`<tr><td><code>${name}</code>${mark}</td><td><code>${JSON.stringify(schema)}</code></td></tr>
`;
})}</tbody></table>`;
}

const schemaBlock = (schema: JsonSchema) =>
  html`<pre tabindex="0" role="region" aria-label="Schema">${JSON.stringify(schema, null, 1)}</pre>`;

const nameOf = ({ method, path }: Operation) => `${method.toUpperCase()} ${path}`;
const anchorOf = ({ method, path }: Operation) => `${method}${path.replace(/[^a-z0-9]+/gi, "-")}`;
