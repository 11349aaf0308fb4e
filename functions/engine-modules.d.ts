/** workerd compiles what a script imports; it refuses bytes at run time. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
