import { fromBinary } from "@bufbuild/protobuf";
import { WeightsError } from "../../weights/errors.ts";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type ValueInfoProto,
} from "../../weights/onnx/onnx_pb.ts";
import type { Attribute, Graph, GraphValue, Initializer, Node } from "./graph.ts";
import { checkRanges, readInitializer, tensorType } from "./read-initializer.ts";

/** Weights live in external data, so a graph file is small. */
export const MAX_GRAPH_BYTES = 4 * 1024 * 1024;
export const MAX_NODES = 10_000;
const MAX_INITIALIZERS = 10_000;
const MAX_GRAPH_VALUES = 1_000;
const MAX_NODE_VALUES = 64;
const MAX_NODE_ATTRIBUTES = 64;
const MAX_NAME_CHARACTERS = 512;

/** ONNX versions whose meaning of our operators is known. */
const IR_VERSIONS = { from: 8, to: 13 } as const;
const OPSETS: Readonly<Record<string, { from: number; to: number }>> = {
  "": { from: 17, to: 24 },
  "com.microsoft": { from: 1, to: 1 },
};

/**
 * Reads an ONNX ModelProto. `externalFiles` holds the byte counts of the data files the graph may refer to. Throws a
 * WeightsError that names the file and the node or tensor when a limit, a reference or a version is not right.
 */
export function readGraph(bytes: Uint8Array, file: string, externalFiles: ReadonlyMap<string, number>): Graph {
  const fail = (what: string, options?: ErrorOptions): never => {
    throw new WeightsError(`${file}: ${what}`, options);
  };
  limit(file, "the graph file's bytes", bytes.length, MAX_GRAPH_BYTES);
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
  } catch (cause) {
    return fail("is not an ONNX model", { cause });
  }
  const domains = checkVersions(model, file);
  if (model.functions.length > 0) fail("has local functions, which are not supported");
  const graph = model.graph ?? fail("holds no graph");
  checkCounts(graph, file);

  const initializers = new Map<string, Initializer>();
  for (const proto of graph.initializer) {
    const initializer = readInitializer(proto, file, externalFiles);
    initializers.set(initializer.name, initializer);
  }
  if (initializers.size < graph.initializer.length) fail("two initializers have the same name");
  checkRanges(initializers.values(), file);

  const inputs = readValues(graph.input, "input", file);
  const outputs = readValues(graph.output, "output", file);
  const nodes = graph.node.map((proto, index) => readNode(proto, index, domains, file));
  checkOrder(nodes, [...initializers.keys(), ...inputs.keys()], outputs.keys(), file);
  return { file, inputs, outputs, initializers, nodes };
}

function limit(file: string, what: string, count: number, most: number): void {
  if (count > most) throw new WeightsError(`${file}: ${what} are limited to ${most}, found ${count}`);
}

/** Returns the domains nodes may use. */
function checkVersions(model: ModelProto, file: string): Set<string> {
  const check = (what: string, version: bigint, range: { from: number; to: number }) => {
    if (version < range.from || version > range.to)
      throw new WeightsError(`${file}: ${what} ${version} is not supported, expected ${range.from} … ${range.to}`);
  };
  check("ONNX IR version", model.irVersion, IR_VERSIONS);
  const domains = new Set<string>();
  for (const { domain, version } of model.opsetImport) {
    const name = domain === "ai.onnx" ? "" : domain;
    const range = Object.hasOwn(OPSETS, name) ? OPSETS[name] : undefined;
    // Exporters list domains they do not use; a node of an unknown one is refused below.
    if (range === undefined) continue;
    check(`opset ${name || "ai.onnx"}`, version, range);
    domains.add(name);
  }
  return domains;
}

function checkCounts(graph: GraphProto, file: string): void {
  limit(file, "nodes", graph.node.length, MAX_NODES);
  limit(file, "initializers", graph.initializer.length, MAX_INITIALIZERS);
  limit(file, "graph inputs", graph.input.length, MAX_GRAPH_VALUES);
  limit(file, "graph outputs", graph.output.length, MAX_GRAPH_VALUES);
  if (graph.sparseInitializer.length > 0) throw new WeightsError(`${file}: sparse initializers are not supported`);
}

function readValues(protos: readonly ValueInfoProto[], kind: string, file: string): Map<string, GraphValue> {
  const values = new Map<string, GraphValue>();
  for (const { name, type } of protos) {
    if (name === "" || values.has(name))
      throw new WeightsError(`${file}: graph ${kind} "${name}" is nameless or twice`);
    if (type?.value.case !== "tensorType") throw new WeightsError(`${file}: graph ${kind} "${name}" is not a tensor`);
    const { elemType, shape } = type.value.value;
    const dims = (shape?.dim ?? []).map(({ value }) =>
      value.case === "dimValue" ? Number(value.value) : (value.value ?? ""),
    );
    values.set(name, { name, type: tensorType(elemType, `${file}: graph ${kind} "${name}"`), dims });
  }
  return values;
}

function readNode(proto: NodeProto, index: number, domains: ReadonlySet<string>, file: string): Node {
  const name = proto.name || `#${index}`;
  const where = `${file}: node "${name}" (${proto.opType})`;
  const domain = proto.domain === "ai.onnx" ? "" : proto.domain;
  if (!domains.has(domain))
    throw new WeightsError(`${where} is of domain "${domain}", which the model does not import`);
  limit(where, "inputs", proto.input.length, MAX_NODE_VALUES);
  limit(where, "outputs", proto.output.length, MAX_NODE_VALUES);
  limit(where, "attributes", proto.attribute.length, MAX_NODE_ATTRIBUTES);
  for (const text of [name, proto.opType, ...proto.input, ...proto.output])
    limit(where, "characters of a name", text.length, MAX_NAME_CHARACTERS);
  const attributes = new Map<string, Attribute>();
  for (const attribute of proto.attribute) {
    if (attributes.has(attribute.name)) throw new WeightsError(`${where}: attribute ${attribute.name} is there twice`);
    attributes.set(attribute.name, readAttribute(attribute, where));
  }
  const operator = domain === "" ? proto.opType : `${domain}::${proto.opType}`;
  return { name, operator, inputs: proto.input, outputs: proto.output, attributes };
}

function readAttribute(proto: AttributeProto, where: string): Attribute {
  const { INT, FLOAT, STRING } = AttributeProto_AttributeType;
  switch (proto.type) {
    case INT:
      if (proto.i < Number.MIN_SAFE_INTEGER || proto.i > Number.MAX_SAFE_INTEGER)
        throw new WeightsError(`${where}: attribute ${proto.name} is ${proto.i}, beyond ±(2^53 − 1)`);
      return { type: "int", value: Number(proto.i) };
    case FLOAT:
      return { type: "float", value: proto.f };
    case STRING:
      limit(where, `bytes of attribute ${proto.name}`, proto.s.length, MAX_NAME_CHARACTERS);
      return { type: "string", value: new TextDecoder().decode(proto.s) };
    default:
      throw new WeightsError(`${where}: attribute ${proto.name} has type ${proto.type}, which is not supported`);
  }
}

/** Nodes must be sorted: every name is defined once, before it is used. */
function checkOrder(nodes: readonly Node[], given: readonly string[], outputs: Iterable<string>, file: string): void {
  const defined = new Set(given);
  if (defined.size < given.length) throw new WeightsError(`${file}: a graph input has the name of an initializer`);
  for (const node of nodes) {
    const where = `${file}: node "${node.name}" (${node.operator})`;
    for (const name of node.inputs)
      if (name !== "" && !defined.has(name))
        throw new WeightsError(`${where} uses "${name}", which no earlier node makes`);
    for (const name of node.outputs) {
      if (name === "") continue;
      if (defined.has(name)) throw new WeightsError(`${where} makes "${name}", which exists already`);
      defined.add(name);
    }
  }
  for (const name of outputs)
    if (!defined.has(name)) throw new WeightsError(`${file}: no node makes the graph output "${name}"`);
}
