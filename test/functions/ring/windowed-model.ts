import { vi } from "vitest";
import { AssetsSource } from "../../../functions/assets-source.ts";
import { MANIFEST_FILE, type Manifest, parseManifest } from "../../../weights/manifest.ts";
import { windowedModel, windowsOf } from "../../runtime/windowed-demo.ts";

/** Has everything in this isolate serve the demo model with a window of `window` tokens in two layers of three. */
export async function deployWindows(window: number): Promise<void> {
  const open = AssetsSource.prototype.open;
  let manifest: Manifest | undefined;
  vi.spyOn(AssetsSource.prototype, "open").mockImplementation(async function (this: AssetsSource, path: string) {
    const source = { open: (file: string) => open.call(this, file) };
    manifest ??= parseManifest(await new Response(await source.open(MANIFEST_FILE)).text());
    const model = await windowedModel({ manifest, source }, windowsOf(manifest.layers.length, window));
    return path === MANIFEST_FILE ? new Blob([JSON.stringify(model.manifest)]).stream() : await model.source.open(path);
  });
}
