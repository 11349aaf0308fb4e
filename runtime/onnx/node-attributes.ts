import { InferenceError } from "../errors.ts";
import type { Attribute, AttributeValues, Node } from "./graph.ts";

/** Takes a node's attributes one by one; `finish` refuses what was not asked for, so that none is ignored. */
export class NodeAttributes {
  readonly #where: string;
  readonly #left: Map<string, Attribute>;

  /** `where` begins every error: the file and the node. */
  constructor(node: Node, where: string) {
    this.#where = where;
    this.#left = new Map(node.attributes);
  }

  int(name: string, otherwise?: number): number {
    return this.#take(name, "int", otherwise);
  }

  float(name: string, otherwise?: number): number {
    return this.#take(name, "float", otherwise);
  }

  string(name: string, otherwise?: string): string {
    return this.#take(name, "string", otherwise);
  }

  /** An attribute that may be there but only at the value that changes nothing. */
  expectInt(name: string, value: number): void {
    const found = this.int(name, value);
    if (found !== value) this.#fail(`attribute ${name} is ${found}, only ${value} is supported`);
  }

  finish(): void {
    const [name] = this.#left.keys();
    if (name !== undefined) this.#fail(`attribute ${name} is not supported`);
  }

  #take<Type extends keyof AttributeValues>(
    name: string,
    type: Type,
    otherwise: AttributeValues[Type] | undefined,
  ): AttributeValues[Type] {
    const attribute = this.#left.get(name);
    this.#left.delete(name);
    if (attribute === undefined) return otherwise ?? this.#fail(`attribute ${name} is missing`);
    if (attribute.type !== type) return this.#fail(`attribute ${name} is of type ${attribute.type}, expected ${type}`);
    return attribute.value as AttributeValues[Type];
  }

  #fail(what: string): never {
    throw new InferenceError("unsupported", `${this.#where}: ${what}`);
  }
}
