// Makes src/contract.js and src/contract.d.ts of the WIT: `node scripts/contract.js` writes them, and a test compares.
// It reads what the contract uses of WIT (records, variants, enums, functions), and refuses anything else.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("..", import.meta.url));

/** Names of types that more than one interface has, as the SDK calls them. */
const NAMES = {
  "changes.entry": "Change",
  "changes.kind": "ChangeKind",
  "verify.outcome": "CheckOutcome",
};

/** The contents of both files. */
export function generate(wit) {
  const files = readdirSync(wit).filter((name) => name.endsWith(".wit")).sort();
  const interfaces = files.flatMap((name) => parse(readFileSync(join(wit, name), "utf8"), name));
  const taken = new Set();
  for (const { name, types } of interfaces) {
    for (const type of types) {
      type.shown = NAMES[`${name}.${type.name}`] ?? pascal(type.name);
      if (taken.has(type.shown)) throw new Error(`two types are called ${type.shown}`);
      taken.add(type.shown);
    }
  }
  return { js: javascript(interfaces), dts: declarations(interfaces) };
}

// Reading.

function parse(text, file) {
  const tokens = [...text.matchAll(/\/\/\/ ?(.*)|\/\/.*|->|[%A-Za-z][A-Za-z0-9-]*|[0-9.]+|[{}()<>,;:=@/._]/g)]
    .filter(([token]) => !token.startsWith("//") || token.startsWith("///"))
    .map(([token, doc]) => (doc === undefined ? { token } : { doc }));
  let at = 0;
  let docs = [];
  const peek = () => {
    while (tokens[at]?.doc !== undefined) docs.push(tokens[at++].doc);
    return tokens[at]?.token;
  };
  const next = () => {
    const token = peek();
    at += 1;
    return token;
  };
  const expect = (wanted) => {
    const token = next();
    if (token !== wanted) throw new Error(`${file}: ${wanted} is expected instead of ${token}`);
  };
  const takeDocs = () => docs.splice(0);
  const skipTo = (end) => {
    while (next() !== end);
  };
  const name = () => next().replace(/^%/, "");

  const type = () => {
    const word = name();
    if (!["list", "option", "result"].includes(word)) return word;
    expect("<");
    const inner = [type()];
    if (peek() === ",") {
      next();
      inner.push(type());
    }
    expect(">");
    return [word, ...inner];
  };
  /** Entries up to `end`, each with its documentation. */
  const entries = (end, one) => {
    const found = [];
    while (peek() !== end) {
      const doc = takeDocs();
      found.push({ doc, ...one() });
      if (peek() === ",") next();
    }
    expect(end);
    takeDocs();
    return found;
  };
  const field = () => {
    const called = name();
    expect(":");
    return { name: called, type: type() };
  };
  const choice = () => {
    const called = name();
    if (peek() !== "(") return { name: called };
    next();
    const payload = type();
    expect(")");
    return { name: called, type: payload };
  };

  const found = [];
  while (peek() !== undefined) {
    const keyword = next();
    if (keyword === "package") {
      skipTo(";");
    } else if (keyword === "world") {
      skipTo("}");
    } else if (keyword === "interface") {
      const one = { name: name(), doc: takeDocs(), types: [], functions: [] };
      expect("{");
      while (peek() !== "}") {
        const doc = takeDocs();
        const what = next();
        if (what === "use") {
          skipTo(";");
        } else if (what === "record") {
          const called = name();
          expect("{");
          one.types.push({ what, name: called, doc, of: entries("}", field) });
        } else if (what === "variant" || what === "enum") {
          const called = name();
          expect("{");
          one.types.push({ what, name: called, doc, of: entries("}", choice) });
        } else {
          expect(":");
          expect("func");
          expect("(");
          const parameters = entries(")", field);
          let result;
          if (peek() === "->") {
            next();
            result = type();
          }
          expect(";");
          one.functions.push({ name: what.replace(/^%/, ""), doc, parameters, result });
        }
      }
      expect("}");
      found.push(one);
    } else {
      throw new Error(`${file}: ${keyword} is not read`);
    }
    takeDocs();
  }
  return found;
}

// Writing.

const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
const pascal = (name) => camel(name).replace(/^./, (letter) => letter.toUpperCase());

/** How a type is called from within an interface: its own first, then that of `types`. */
function resolver(interfaces, own) {
  return (word) => {
    const type = [...own.types, ...interfaces.find(({ name }) => name === "types").types].find(({ name }) => name === word);
    return type?.shown;
  };
}

function javascript(interfaces) {
  const types = [];
  const functions = [];
  for (const one of interfaces) {
    const shown = resolver(interfaces, one);
    const shape = (type) => (Array.isArray(type) ? [type[0], ...type.slice(1).map(shape)] : (shown(type) ?? type));
    for (const type of one.types) {
      const of =
        type.what === "enum"
          ? type.of.map(({ name }) => name)
          : Object.fromEntries(
              type.of.map(({ name, type: inner }) => [
                type.what === "record" ? camel(name) : name,
                inner === undefined ? null : shape(inner),
              ]),
            );
      types.push(`  ${type.shown}: ${JSON.stringify([type.what, of])},`);
    }
    for (const { name, parameters, result } of one.functions) {
      const signature = {
        parameters: parameters.map(({ name, type }) => [camel(name), shape(type)]),
        result: result === undefined ? null : shape(result),
      };
      functions.push(`  ${JSON.stringify(`${one.name}.${camel(name)}`)}: ${JSON.stringify(signature)},`);
    }
  }
  return `// Made of the WIT by scripts/contract.js.

/** The types of the contract. */
export const TYPES = {
${types.join("\n")}
};

/** Its functions: parameters and result. */
export const FUNCTIONS = {
${functions.join("\n")}
};
`;
}

const BASIC = { string: "string", bool: "boolean", u8: "number", u32: "number", s32: "number", u64: "number", f32: "number" };

function declarations(interfaces) {
  const out = ["// Made of the WIT by scripts/contract.js."];
  for (const one of interfaces) {
    const shown = resolver(interfaces, one);
    const written = (type) => {
      if (!Array.isArray(type)) return shown(type) ?? BASIC[type] ?? fail(type);
      const inner = written(type[1]);
      if (type[0] === "list") return type[1] === "u8" ? "Uint8Array" : `${inner}[]`;
      return fail(type[0]);
    };
    for (const type of one.types) {
      // The error is thrown, as a SkillError.
      if (one.name === "types" && type.name === "error") continue;
      out.push("", ...comment(type.doc, ""));
      if (type.what === "enum") {
        out.push(`export type ${type.shown} = ${type.of.map(({ name }) => JSON.stringify(name)).join(" | ")};`);
      } else if (type.what === "variant") {
        out.push(`export type ${type.shown} =`);
        for (const { doc, name, type: inner } of type.of) {
          out.push(...comment(doc, "  "));
          out.push(`  | { tag: ${JSON.stringify(name)}${inner === undefined ? "" : `; val: ${written(inner)}`} }`);
        }
        out[out.length - 1] += ";";
      } else {
        out.push(`export interface ${type.shown} {`);
        for (const { doc, name, type: inner } of type.of) {
          const optional = Array.isArray(inner) && inner[0] === "option";
          out.push(...comment(doc, "  "));
          out.push(`  ${camel(name)}${optional ? "?" : ""}: ${written(optional ? inner[1] : inner)}${optional ? " | undefined" : ""};`);
        }
        out.push("}");
      }
    }
  }
  return `${out.join("\n")}\n`;
}

function comment(lines, indent) {
  if (lines.length === 0) return [];
  if (lines.length === 1) return [`${indent}/** ${lines[0]} */`];
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`), `${indent} */`];
}

function fail(type) {
  throw new Error(`there is no type of TypeScript for ${type}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { js, dts } = generate(join(here, "../../wit"));
  writeFileSync(join(here, "src/contract.js"), js);
  writeFileSync(join(here, "src/contract.d.ts"), dts);
}
