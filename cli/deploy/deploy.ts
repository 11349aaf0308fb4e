import { type ScriptUpload, stageUpload } from "./deployment.ts";
import { type DeployState, writeState } from "./state.ts";
import type { Uploader } from "./wrangler.ts";

export interface DeployRun {
  readonly uploads: readonly ScriptUpload[];
  readonly state: DeployState;
  /** Of the state, the configurations and the links to the files. */
  readonly folder: string;
  /** The model folder. */
  readonly model: string;
  readonly uploader: Uploader;
  readonly say: (line: string) => void;
}

/**
 * Uploads in order what is not deployed as it is, and notes each script as soon as it is there: what failed or was stopped
 * goes on where it was. Returns the state with the API's address.
 */
export async function deployScripts({ uploads, state, folder, model, uploader, say }: DeployRun): Promise<DeployState> {
  let known = state;
  const note = (change: Partial<DeployState>) => {
    known = { ...known, ...change };
    writeState(folder, known);
  };
  note({});
  for (const [index, upload] of uploads.entries()) {
    const { name, api } = upload.script;
    const place = `${index + 1} of ${uploads.length}`;
    if (known.scripts[name] === upload.fingerprint) {
      say(`${place}: ${name} is deployed already`);
      continue;
    }
    say(`${place}: ${name} …`);
    const addresses = await uploader.deploy(stageUpload(upload, model, folder), api ? known.secrets : undefined);
    note({
      scripts: { ...known.scripts, [name]: upload.fingerprint },
      ...(api && { url: addresses.find((address) => URL.canParse(address)) ?? known.url }),
    });
  }
  const wanted = new Set(uploads.map(({ script }) => script.name));
  for (const name of Object.keys(known.scripts).filter((deployed) => !wanted.has(deployed))) {
    say(`${name} is not needed any more …`);
    await uploader.delete(name);
    note({ scripts: Object.fromEntries(Object.entries(known.scripts).filter(([deployed]) => deployed !== name)) });
  }
  return known;
}

/** Deletes every script of a deployment, each before those that it binds, and notes it. */
export async function destroyScripts({ state, folder, uploader, say }: Omit<DeployRun, "uploads" | "model">) {
  const scripts = { ...state.scripts };
  // They were noted in the order they were deployed in.
  for (const name of Object.keys(state.scripts).reverse()) {
    say(`${name} …`);
    await uploader.delete(name);
    delete scripts[name];
    writeState(folder, { ...state, scripts: { ...scripts }, url: null, firstKey: false });
  }
}
