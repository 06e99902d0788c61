// The host that a component really has: its imports.

import * as ask from "skillhost:skill/ask@0.1.0";
import * as changes from "skillhost:skill/changes@0.1.0";
import * as exec from "skillhost:skill/exec@0.1.0";
import * as log from "skillhost:skill/log@0.1.0";
import * as model from "skillhost:skill/model@0.1.0";
import * as environment from "wasi:cli/environment@0.2.0";
import http from "#http";
import { lift, lowerArguments } from "./canonical.js";
import { FUNCTIONS } from "./contract.js";
import { fromVariant } from "./errors.js";
import * as files from "./wasi.js";

const MODULES = { ask, changes, exec, log, model };

/** A function of the contract, by its name there. */
function call(name, ...values) {
  const [module, member] = name.split(".");
  const lowered = lowerArguments(name, values);
  let result;
  try {
    result = MODULES[module][member](...lowered);
  } catch (error) {
    if (error?.payload?.tag !== undefined) throw fromVariant(error.payload);
    throw error;
  }
  return FUNCTIONS[name].result === null ? undefined : lift(result);
}

export default { call, files, http, lift, environment: () => environment.getEnvironment() };
