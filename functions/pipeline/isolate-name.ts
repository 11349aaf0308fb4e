/** Made at the first call: random numbers are refused while a module loads. */
let name: string | undefined;

/**
 * Names the isolate this code runs in. Objects that give the same name share it, and with it one thread: they cannot work
 * at the same time. (Measured: module state is shared by all objects of a script that share an isolate.)
 */
export function isolateName(): string {
  name ??= crypto.randomUUID();
  return name;
}
